import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkOptions, isAnything, isFunction, type Shape } from '../base/check-options.ts'
import { FOREIGN_OPTIONS } from '../http/options/foreign-options.ts'
import { HTTP_SHAPE } from '../http/options/http-options.ts'
import { type RequestServer, seeRequests } from '../http/watch/watch-server.ts'
import { findUnadapted, unadaptedRouteOf } from '../routes/loaded/unadapted-route.ts'
import { type AdapterOptions, monitorOf } from './recorder-for.ts'

export type { RequestServer } from '../http/watch/watch-server.ts'

/** Options of `instrumentServer`. */
export type ServerOptions = AdapterOptions & {
  /**
   * Returns the route template of a request, or undefined if there is none: the route is then `_unmatched`, or
   * `_middleware` if the status shows that something answered. Called when the response has closed. Must never return
   * the path. @default the route that a framework without an adapter reports, else `_unknown`: a bare server has no
   * routes
   */
  readonly route?: ((request: IncomingMessage) => string | undefined) | undefined
}

/**
 * Records all responses of a server, whatever produces them; an adapter inside only adds the routes. Returns a function
 * that stops it.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function instrumentServer(server: RequestServer, options: ServerOptions = {}): () => void {
  checkOptions('instrumentServer', options, SERVER_SHAPE, FOREIGN_OPTIONS)
  const { monitor, route = unadaptedRouteOf, ...http } = options
  const recorder = monitorOf(monitor).http(http)
  const find = (): void => {
    try {
      findUnadapted(server)
    } catch (error) {
      recorder.reportError(`a framework could not be observed, so its routes are missing: ${String(error)}`)
    }
  }
  find()
  let isFirst = true
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    // Find frameworks that did not exist yet when the server was passed to this function.
    if (isFirst) find()
    isFirst = false
    recorder.follow(request, response, route, request)
  }
  const stops = [recorder.watch(server, route), seeRequests(server, onRequest)]
  return () => {
    for (const stop of stops) stop()
  }
}

/** How each of the options is checked. */
export const SERVER_SHAPE: Shape<ServerOptions> = {
  ...HTTP_SHAPE,
  route: isFunction('Give a function that takes the request and returns the template of its route.'),
  // Checked by `monitorOf`.
  monitor: isAnything,
}
