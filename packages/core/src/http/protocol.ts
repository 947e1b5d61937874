import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { readText } from './evidence-chain.ts'
import type { Fate } from './failure.ts'
import { doom } from './follow.ts'
import type { ServerWatcher } from './watch-server.ts'

/**
 * Requests that Node refuses before the application hears of them. Each is counted once: where it broke off an
 * exchange that was open (its body could not be read, or came too late), that exchange is told why it ended; else it
 * is a request of the route `_refused`.
 */

type Watchers = readonly ServerWatcher[]

/** Counts what Node answers to an error of a connection (`clientError`), or tells the exchanges that it ends. */
export function malformed(watchers: Watchers, error: unknown, socket: Duplex): void {
  const fate = fateOf(readText(error, 'code'))
  if (fate === undefined || doom(socket, fate)) return
  for (const watcher of watchers) watcher.refused(undefined, fate.statusCode)
}

/** Counts a request beyond `maxRequestsPerSocket`. */
export function dropped(watchers: Watchers, request: IncomingMessage): void {
  if ((request as Refused)[REFUSED] === true) return
  for (const watcher of watchers) watcher.refused(request.method, 503)
}

/** Sees at the start of a request whether Node will answer it itself, and counts it once that has left. */
export function started(
  watchers: Watchers,
  server: EventEmitter,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.httpVersionMajor !== 1 || request.httpVersionMinor !== 1) return
  const { host, expect } = request.headers
  if (host !== undefined && expect === undefined) return
  if (!isHostMissing(server, host) && !isUnmet(server, expect)) return
  ;(request as Refused)[REFUSED] = true
  response.once('finish', () => {
    for (const watcher of watchers) watcher.refused(request.method, response.statusCode)
  })
}

// Such a request may be beyond `maxRequestsPerSocket` too, and is counted once for all that.
const REFUSED = Symbol('promherd.refused')
type Refused = IncomingMessage & { [REFUSED]?: true }

/** What Node sends (lib/_http_server.js), by the code of the error. */
const FATES: ReadonlyMap<string, Fate> = new Map([
  ['HPE_HEADER_OVERFLOW', { statusCode: 431, category: 'protocol' }],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', { statusCode: 413, category: 'protocol' }],
  ['ERR_HTTP_REQUEST_TIMEOUT', { statusCode: 408, category: 'timeout' }],
])
const BAD_REQUEST: Fate = { statusCode: 400, category: 'protocol' }

/** Undefined where the connection was lost: then there is nobody to refuse. */
function fateOf(code: string): Fate | undefined {
  return FATES.get(code) ?? (code.startsWith('HPE_') ? BAD_REQUEST : undefined)
}

function isHostMissing(server: EventEmitter, host: string | undefined): boolean {
  return host === undefined && (server as { requireHostHeader?: boolean }).requireHostHeader === true
}

/** True for an expectation other than the one that Node knows, which nobody else answers. */
function isUnmet(server: EventEmitter, expect: string | undefined): boolean {
  return expect !== undefined && !CONTINUE.test(expect) && server.listenerCount('checkExpectation') === 0
}

/** As Node looks for it. */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i
