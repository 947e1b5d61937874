import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AdapterOptions, type Monitor, monitorOf, recorderFor, sendMetrics } from '@promherd/core'
import {
  type ExpressApp,
  type ExpressRequest,
  expressRouteOf,
  keepExpressState,
  type Next,
  observeExpress,
} from '@promherd/core/frameworks'
import { type Begin, moveToFront } from './front.ts'

/** A middleware of Express 5 and 4, without its types. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void

/**
 * Records every request that comes by: use it before the routes. Express 5 and 4.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function prometheus(options: AdapterOptions = {}): Middleware {
  const recorder = recorderFor(options)
  const seen = new WeakSet<ExpressApp>()
  const begin: Begin = (request, response) => {
    recorder.follow(request, response, expressRouteOf, request)
    try {
      keepExpressState(request, response, recorder)
    } catch (error) {
      recorder.store.trouble('http', `a request could not be watched, so its route is missing: ${String(error)}`)
    }
  }
  const arrive = (app: ExpressApp): void => {
    seen.add(app)
    observeExpress(app)
    // `ignore` may look at what only Express gives a request, which is not there yet at the front.
    if (options.ignore === undefined) moveToFront(app, promherd, begin)
  }
  return promherd

  function promherd(incoming: IncomingMessage, response: ServerResponse, next: Next): void {
    const request = incoming as ExpressRequest
    begin(request, response)
    try {
      if (request.app !== undefined && !seen.has(request.app)) arrive(request.app)
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
