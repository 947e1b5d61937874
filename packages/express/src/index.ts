import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AdapterOptions, type Monitor, monitorOf, recorderFor, sendMetrics } from '@promherd/core'
import {
  type ExpressApp,
  type ExpressRequest,
  expressRouteOf,
  keepExpressState,
  type Next,
  observeExpress,
  prepareExpress,
  watchArrivals,
  watchNest,
} from '@promherd/core/frameworks'

/** A middleware of Express 5 and 4, without its types. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void

/**
 * Records every request that comes by: use it before the routes. Express 5 and 4.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function prometheus(options: AdapterOptions = {}): Middleware {
  const recorder = recorderFor(options)
  watchArrivals()
  let seen: ExpressApp | undefined
  return function promherd(incoming: IncomingMessage, response: ServerResponse, next: Next): void {
    const request = incoming as ExpressRequest
    recorder.follow(request, response, expressRouteOf, request)
    try {
      if (request.app !== undefined) {
        if (request.app !== seen) watchNest()
        seen = request.app
        observeExpress(request.app)
        prepareExpress(request, request.app, recorder)
      }
      keepExpressState(request, response, recorder)
    } catch (error) {
      recorder.store.trouble('http', `Express could not be watched, so routes are missing: ${String(error)}`)
    }
    next()
  }
}

/**
 * Serves the metrics of the herd as a route of the application; that route is recorded like any other.
 * @throws ERR_PROMHERD_BAD_OPTION
 */
export function metricsHandler(options: { readonly monitor?: Monitor | undefined } = {}): Middleware {
  const monitor = monitorOf(options.monitor)
  return function promherdMetrics(_request, response) {
    void sendMetrics(monitor, response)
  }
}
