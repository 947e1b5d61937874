import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type AdapterOptions,
  calledByFramework,
  checkPlacement,
  type MetricsHandlerOptions,
  MetricsResponder,
  notCalled,
  noteMiddleware,
  recorderFor,
} from '@promherd/core/adapter'
import {
  type ExpressApp,
  type ExpressRequest,
  expressRouteOf,
  expressRouterOf,
  keepExpressState,
  type Next,
  observeExpress,
  prepareExpress,
  watchArrivals,
  watchNest,
} from '@promherd/core/routes'
import type { Middleware, Request, Response } from './types.ts'

export type { Middleware, Request, Response } from './types.ts'

/** Options of `prometheus`: its functions are called with Express's request and response. */
export type ExpressOptions = AdapterOptions<Request, Request, Response>

/**
 * Records every request that passes through it: use it before the routes. Express 5 and 4.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function prometheus(options?: ExpressOptions): Middleware
export function prometheus(options: ExpressOptions = {}, ...others: readonly unknown[]): unknown {
  const passOn = calledByFramework(others, 'app.use(prometheus())')
  if (passOn !== undefined) return passOn()
  const recorder = recorderFor(options)
  watchArrivals()
  const seen = new WeakSet<object>()
  noteMiddleware(promherd, recorder)
  return promherd

  function promherd(incoming: IncomingMessage, response: ServerResponse, next: Next): void {
    const request = incoming as ExpressRequest
    recorder.follow(request, response, expressRouteOf, request)
    try {
      const { app } = request
      if (app !== undefined) {
        if (!seen.has(app)) {
          seen.add(app)
          watchNest()
          checkPlaced(app)
        }
        observeExpress(app)
        prepareExpress(request, app, recorder)
      }
      keepExpressState(request, response, recorder)
    } catch (error) {
      recorder.reportError(`Express could not be observed, so routes are missing: ${String(error)}`)
    }
    next()
  }

  function checkPlaced(app: ExpressApp): void {
    const stack = expressRouterOf(app)?.stack ?? []
    const handlers = stack.map(({ handle }) => handle)
    checkPlacement(promherd, recorder, handlers, (handle, i) => isRouter(handle) || stack[i]?.route !== undefined)
  }
}

function isRouter(handle: unknown): boolean {
  return Array.isArray((handle as { stack?: unknown }).stack)
}

/**
 * Serves the metrics of the herd as a route of the application. Requests for it are not recorded.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_NOT_CALLED
 */
export function metricsHandler(options?: MetricsHandlerOptions): Middleware
export function metricsHandler(options: MetricsHandlerOptions = {}, ...others: readonly unknown[]): Middleware {
  if (others.length > 0) throw notCalled('metricsHandler', "Write `app.get('/metrics', metricsHandler())`.")
  const responder = new MetricsResponder(options)
  return function promherdMetrics(request, response) {
    void responder.send(request.headers, response)
  }
}
