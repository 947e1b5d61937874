import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers'
import { shared } from '../../base/shared.ts'
import type { ExchangeOwner } from '../exchange/exchange-owner.ts'
import { exchangeOf } from '../exchange/followed-exchanges.ts'
import { MIDDLEWARE } from '../labels/labels.ts'
import { streamOf } from '../response/response-state.ts'
import { socketPathOf } from '../response/websocket-path.ts'
import { warnBehindRoutes } from './placement-warning.ts'
import { countRefused } from './refused-requests.ts'
import { type RequestServer, seeRequests } from './watch-server.ts'

/**
 * Requests that a server has passed to the application and that no adapter sees: a framework can refuse one before it
 * calls a hook or a middleware (Fastify a malformed URL, `@hono/node-server` a malformed `Host`).
 *
 * An adapter usually follows a request in the same turn of the event loop in which it is passed. So each server keeps
 * only its latest request, and checks whether it is followed when the next one arrives, or 100 ms later, or when
 * numbers are read. A request that is followed costs two assignments; a listener for each response, or a subscription
 * to the channel on which Node publishes finished responses, costs more (docs/decisions/18-hono-koa.md).
 */

/** Counts each request of `server` that was answered and not followed. Once for each store. */
export function seeUnfollowed(server: RequestServer, owner: ExchangeOwner): void {
  const known = PASSED.get(server)
  if (known !== undefined) {
    known.add(owner)
    return
  }
  const passed = new Passed(owner)
  PASSED.set(server, passed)
  seeRequests(server, (request, response) => passed.see(request, response))
}

/** Checks the latest request of each server now. Never throws: it is called by timers and at exit. */
export function lookForUnfollowed(): void {
  for (const passed of LOOKED_AT) passed.look()
  LOOKED_AT.clear()
}

const PASSED = shared('passed requests', () => new WeakMap<RequestServer, Passed>())

/** The servers with a request that is still to be checked. */
const LOOKED_AT = shared('servers with a passed request', () => new Set<Passed>())

/** The latest request that was passed to the application of one server. */
class Passed {
  readonly #owners: ExchangeOwner[]
  #request: IncomingMessage | undefined
  #response: ServerResponse | undefined

  constructor(owner: ExchangeOwner) {
    this.#owners = [owner]
  }

  add(owner: ExchangeOwner): void {
    if (this.#owners.every(({ store }) => store !== owner.store)) this.#owners.push(owner)
  }

  see(request: IncomingMessage, response: ServerResponse): void {
    if (this.#request !== undefined) this.look()
    else {
      if (LOOKED_AT.size === 0) setTimeout(lookForUnfollowed, LOOK_MS).unref()
      LOOKED_AT.add(this)
    }
    this.#request = request
    this.#response = response
  }

  look(): void {
    const request = this.#request!
    const response = this.#response!
    this.#request = undefined
    this.#response = undefined
    if (this.#isFollowed(response)) return
    // An HTTP/2 response emits `finish` when its stream closes.
    if (streamOf(response)?.closed ?? response.writableFinished) this.#finished(request, response)
    else response.once('finish', () => this.#finished(request, response))
  }

  #isFollowed(response: ServerResponse): boolean {
    for (let i = 0; i < this.#owners.length; i++) {
      if (exchangeOf(response, this.#owners[i]!.store) === undefined) return false
    }
    return true
  }

  /** The request may have been followed in the meantime. */
  #finished(request: IncomingMessage, response: ServerResponse): void {
    for (const owner of this.#owners) {
      if (exchangeOf(response, owner.store) !== undefined) continue
      try {
        countUnfollowed(owner, request, response)
      } catch (error) {
        owner.store.reportError('http', `a request could not be counted: ${String(error)}`)
      }
    }
  }
}

const LOOK_MS = 100

function countUnfollowed(owner: ExchangeOwner, request: IncomingMessage, response: ServerResponse): void {
  if (owner.hasYielded || owner.callbacks.ignores(request)) return
  const { statusCode } = response
  if (statusCode >= 400) {
    countRefused(owner, request.method, statusCode)
    return
  }
  // The polling requests of socket.io pass through no framework.
  const path = socketPathOf(request)
  if (path === undefined && !WARNED.has(owner)) {
    WARNED.add(owner)
    warnBehindRoutes()
  }
  owner.series.countUnfollowed(request.method, path ?? MIDDLEWARE, statusCode, undefined, Number.NaN)
}

const WARNED = new WeakSet<ExchangeOwner>()
