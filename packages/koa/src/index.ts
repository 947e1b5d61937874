import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AdapterOptions, type Monitor, monitorOf, recorderFor } from '@promherd/core'

/** As much of Koa's context as is used. */
export interface Context {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  body: unknown
  set(field: string, value: string): void
}

/** A middleware of Koa, without its types. */
export type Middleware = (context: Context, next: () => Promise<unknown>) => Promise<unknown>

/**
 * Records every request that comes by: use it before the router. Routes are known with @koa/router; without it
 * what is answered is answered by `_middleware`.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function prometheus(options: AdapterOptions = {}): Middleware {
  const recorder = recorderFor(options)
  // Looks at what the others answer and hands it on, since to wait for it would cost more than all the rest.
  return function promherd(context, next) {
    const { res } = context
    recorder.follow(context.req, res, routeOf, context)
    const passed = Promise.resolve(next())
    passed.then(undefined, error => recorder.fail(res, error))
    return passed
  }
}

/**
 * Serves the metrics of the herd as a route of the application; that route is recorded like any other.
 * @throws ERR_PROMHERD_BAD_OPTION
 */
export function metricsHandler(
  options: { readonly monitor?: Monitor | undefined } = {},
): (context: Context) => Promise<void> {
  const monitor = monitorOf(options.monitor)
  return async function promherdMetrics(context) {
    context.body = await monitor.metrics()
    context.set('content-type', monitor.contentType)
  }
}

interface Layer {
  /** None for a middleware. */
  readonly methods: readonly string[]
  readonly path: string | RegExp
}

/** What @koa/router leaves on the context. */
interface Routed {
  readonly matched?: readonly Layer[]
  readonly method: string
  /** The path of the layer that was called last, a route or a middleware. */
  readonly routerPath?: unknown
}

/** The route that was called last or, where a router's own middleware answered before it, the one that would have been. */
function routeOf(context: Context): string | undefined {
  const { matched, method, routerPath } = context as unknown as Routed
  if (matched === undefined) return undefined
  const called = matched.findIndex(layer => layer.path === routerPath)
  let route: Layer | undefined
  for (let i = 0; i < matched.length; i++) {
    const layer = matched[i]!
    if (!layer.methods.includes(method)) continue
    route = layer
    if (i >= called) break
  }
  return route === undefined ? undefined : String(route.path)
}
