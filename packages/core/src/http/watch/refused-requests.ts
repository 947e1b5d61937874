import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { shared } from '../../base/shared.ts'
import { readText } from '../category/error-chain.ts'
import { openExchangesOn } from '../exchange/connection.ts'
import { connectionFailed } from '../exchange/connection-failure.ts'
import type { CloseReason } from '../exchange/exchange.ts'
import type { ExchangeOwner } from '../exchange/exchange-owner.ts'
import { REFUSED } from '../labels/labels.ts'
import { firstStatusOn } from '../response/first-write.ts'
import { Hidden } from '../response/hidden.ts'

/**
 * Requests that Node refuses before the application receives them. Each is counted once. If the refusal ended an open
 * exchange (its body could not be read, or came too late), that exchange is given the reason; else it is a request of
 * the route `_refused`.
 */

type Owners = readonly ExchangeOwner[]

/** Counts the response to a connection error (`clientError`), or leaves it to the exchange that it ends. */
export function malformed(owners: Owners, error: unknown, socket: Duplex): void {
  const refusal = refusalOf(readText(error, 'code'))
  const before = openExchangesOn(socket).length
  const after = connectionFailed(socket, refusal?.category)
  if (refusal === undefined || after > 0) return
  let isCounted = false
  const count = (statusCode: number): void => {
    if (!isCounted) refused(owners, undefined, statusCode)
    isCounted = true
  }
  firstStatusOn(socket, count)
  // If a response has just been sent, Node closes the connection without an error response.
  if (before === 0) socket.once('close', () => count(refusal.statusCode))
}

/** Counts a request beyond `maxRequestsPerSocket`. */
export function dropped(owners: Owners, request: IncomingMessage): void {
  if (Refused.has(request)) return
  new Refused(request)
  refused(owners, request.method, 503)
}

/** True for a request that Node responds to itself instead of passing it to the application. */
export function isRefused(server: EventEmitter, request: IncomingMessage): boolean {
  if (request.httpVersionMajor !== 1 || request.httpVersionMinor !== 1) return false
  const { host, expect } = request.headers
  return (host === undefined && requiresHost(server)) || isUnmet(server, expect)
}

/** True if Node may drop a request of this server; whether it does is known only when it happens. */
export function isLimited(server: EventEmitter): boolean {
  return Number((server as { maxRequestsPerSocket?: number | null }).maxRequestsPerSocket) > 0
}

/** Counts a request that Node refuses, once it has sent its response. */
export function refusing(owners: Owners, request: IncomingMessage, response: ServerResponse): void {
  new Refused(request)
  response.once('finish', () => refused(owners, request.method, response.statusCode))
}

/** Called from events of the application's sockets, where nothing may be thrown. */
function refused(owners: Owners, method: string | undefined, statusCode: number): void {
  for (const owner of owners) {
    try {
      countRefused(owner, method, statusCode)
    } catch (error) {
      owner.store.reportError('http', `a refusal could not be counted: ${String(error)}`)
    }
  }
}

/** Counts a request that was answered with an error before an adapter saw it; its method if that could be read. */
export function countRefused({ series }: ExchangeOwner, method: string | undefined, statusCode: number): void {
  series.countUnfollowed(method, REFUSED, statusCode, statusCode === 408 ? 'timeout' : 'protocol', Number.NaN)
}

/** Marks a request that was counted: it may be beyond `maxRequestsPerSocket` too. */
const Refused = shared(
  'refused request',
  () =>
    class Refused extends Hidden {
      readonly #isRefused = true

      static has(request: object): boolean {
        return #isRefused in request
      }
    },
)

/** The response with which Node refuses a connection. */
interface Refusal {
  readonly statusCode: number
  readonly category: CloseReason
}

/** The responses that Node sends (lib/_http_server.js), by the code of the error. */
const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  ['HPE_HEADER_OVERFLOW', { statusCode: 431, category: 'protocol' }],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', { statusCode: 413, category: 'protocol' }],
  ['ERR_HTTP_REQUEST_TIMEOUT', { statusCode: 408, category: 'timeout' }],
])
const BAD_REQUEST: Refusal = { statusCode: 400, category: 'protocol' }

/** Undefined if the connection was lost: then nothing is refused. */
function refusalOf(code: string): Refusal | undefined {
  return REFUSALS.get(code) ?? (code.startsWith('HPE_') ? BAD_REQUEST : undefined)
}

function requiresHost(server: EventEmitter): boolean {
  return (server as { requireHostHeader?: boolean }).requireHostHeader === true
}

/** True for an expectation other than the one that Node handles, if the application does not handle it. */
function isUnmet(server: EventEmitter, expect: string | undefined): boolean {
  return expect !== undefined && !CONTINUE.test(expect) && server.listenerCount('checkExpectation') === 0
}

/** The expression that Node uses. */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i
