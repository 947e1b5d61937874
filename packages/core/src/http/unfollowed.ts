import diagnostics from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { shared } from '../shared.ts'
import type { Store } from '../store/store.ts'
import { exchangeOf } from './follow.ts'
import { wasCountedAsRefused } from './protocol.ts'
import { type RequestServer, seeRequests } from './watch-server.ts'

/**
 * Requests that Node has parsed and that no adapter sees: a framework can refuse one before it calls a hook or a
 * middleware (Fastify a malformed URL, `@hono/node-server` a malformed `Host`). They are found when they have been
 * answered, on a diagnostics channel: a listener for each response would cost every request for the sake of few.
 */

/** Counts such a request. Must not throw. */
export interface UnfollowedCounter {
  readonly store: Store
  unfollowed(request: IncomingMessage, response: ServerResponse): void
}

/** Tells `counter` of each request of `server` that was answered and not followed. Once for each store. */
export function seeUnfollowed(server: RequestServer, counter: UnfollowedCounter): void {
  const known = COUNTERS.get(server)
  if (known?.some(({ store }) => store === counter.store)) return
  COUNTERS.set(server, [...(known ?? []), counter])
  if (known === undefined && 'updateSettings' in server) seeHttp2(server)
  listen()
}

const COUNTERS = shared('unfollowed counters', () => new WeakMap<RequestServer, readonly UnfollowedCounter[]>())

/** What Node says of each response that has been handed over. */
interface Finished {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly server: RequestServer
}

/** Whether one of the copies of this package listens: it serves all of them. */
const CHANNEL = shared('response channel', () => ({ isListening: false }))

function listen(): void {
  if (CHANNEL.isListening) return
  CHANNEL.isListening = true
  diagnostics.subscribe('http.server.response.finish', message => {
    const { request, response, server } = message as Finished
    finished(server, request, response)
  })
}

/** Node has no such channel for HTTP/2. */
function seeHttp2(server: RequestServer): void {
  seeRequests(server, (request, response) => {
    if (request.httpVersionMajor > 1) response.once('finish', () => finished(server, request, response))
  })
}

function finished(server: RequestServer, request: IncomingMessage, response: ServerResponse): void {
  const counters = COUNTERS.get(server)
  if (counters === undefined) return
  for (let i = 0; i < counters.length; i++) {
    const counter = counters[i]!
    if (exchangeOf(response, counter.store) === undefined && !wasCountedAsRefused(request)) {
      counter.unfollowed(request, response)
    }
  }
}
