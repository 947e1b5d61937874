import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OpenExchange } from './exchange/manual-exchange.ts'
import type { RequestLike } from './labels/request-like.ts'
import type { RouteOf } from './labels/route-of.ts'
import type { RequestServer } from './watch/watch-server.ts'

/**
 * Records the HTTP exchanges of one monitor: what an adapter of a framework calls. Nothing that it does while requests
 * are served throws.
 *
 * An adapter for a framework on Node's servers calls `follow` with each request, and `fail` with each error that the
 * framework handles. It has nothing to call when the exchange ends.
 */
export interface Recorder {
  /**
   * Follows one exchange until its response closes: its duration ends with the last byte, and a client that leaves is
   * seen. `routeOf` is called with `context` when the response has closed, because most routers know the route only
   * then; `context` is the framework's own object, for computed labels.
   *
   * If the exchange is already followed for the same monitor, only the route is taken from this call: the inner layer
   * has the more exact one. The server of the request is watched from the first call on. Never throws.
   */
  follow<Context>(request: IncomingMessage, response: ServerResponse, routeOf: RouteOf<Context>, context: Context): void

  /**
   * Begins an exchange where there is no `ServerResponse` to follow: the caller ends it. `context` is the framework's
   * own object, for computed labels. Never throws.
   */
  begin(request: RequestLike, context?: unknown): OpenExchange

  /** Stores the error that ended the exchange of a response, as evidence for its category. Never throws. */
  fail(response: ServerResponse, error: unknown): void

  /**
   * Also counts events of `server` other than requests: requests that Node refuses, upgrades, timeouts. `follow` calls
   * this at the first request of a server; an adapter that knows its server calls it earlier. `bareRouteOf` names the
   * routes if no framework does. Returns a function that stops it. Never throws.
   */
  watch(server: RequestServer, bareRouteOf?: RouteOf<IncomingMessage>): () => void

  /**
   * For an adapter that runs before all routes of its application: also counts the requests that the framework refuses
   * before the adapter sees them, on each server that is watched from now on. Never throws.
   */
  coverServers(): void

  /** Logs an error of the adapter itself, and counts it in `promherd_internal_errors_total{cause="http"}`. */
  reportError(message: string): void
}

/** What `Monitor.http` returns: a recorder, and what programs without an adapter call. */
export interface MonitorRecorder extends Recorder {
  /**
   * Counts an exchange that has ended, for callers that follow exchanges themselves. `route` is a template or one of a
   * few strings, never the path. `seconds` is the time from the request to the last byte. Never throws.
   */
  record(method: string, route: string, statusCode: number, seconds: number): void

  /**
   * Creates the duration series of a route with the value 0 before its first exchange, so that the first one is seen as
   * an increase. Does nothing if the labels are not known in advance, or the family is full. Never throws.
   * `statusCode` is 200 by default.
   */
  initialize(method: string, route: string, statusCode?: number): void
}
