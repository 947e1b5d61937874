import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
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
import { type KoaContext, koaRouteOf, observeKoa } from '@promherd/core/routes'

/** Koa's context, without its types: the properties that are used here, and those that options usually need. */
export interface Context {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  status: number
  body: unknown
  set(fields: Readonly<Record<string, string>>): void
  readonly app?: { readonly middleware?: readonly unknown[] }
  readonly method: string
  readonly path: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly query: Readonly<Record<string, string | string[] | undefined>>
  /** The application's data for a request. */
  readonly state: Readonly<Record<string, unknown>>
  /** A header of the request; empty if there is none. */
  get(field: string): string
}

/** Options of `prometheus`: its functions are called with Node's request and response, and the context of Koa. */
export type KoaOptions = AdapterOptions<IncomingMessage, Context>

/** A middleware of Koa, without its types. */
export type Middleware = (context: Context, next: () => Promise<unknown>) => Promise<unknown>

/**
 * Records every request that passes through it: use it before the router. Routes are known with @koa/router; without
 * it, requests that are answered have the route `_middleware`.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function prometheus(options?: KoaOptions): Middleware
export function prometheus(options: KoaOptions = {}, ...others: readonly unknown[]): unknown {
  const passOn = calledByFramework(others, 'app.use(prometheus())')
  if (passOn !== undefined) return passOn()
  const recorder = recorderFor(options)
  let lastApp: object | undefined
  noteMiddleware(promherd, recorder)
  return promherd

  function promherd(context: Context, next: () => Promise<unknown>): Promise<unknown> {
    const { app } = context
    if (app !== undefined && app !== lastApp) {
      lastApp = app
      checkPlacement(promherd, recorder, app.middleware ?? [], isRouter)
    }
    const { res } = context
    try {
      observeKoa(context as unknown as KoaContext)
    } catch (error) {
      recorder.reportError(`Koa could not be observed, so mounted routes have no prefix: ${String(error)}`)
    }
    recorder.follow(context.req, res, koaRouteOf, context as unknown as KoaContext)
    // Observes the promise of the other middlewares and returns it: `await` would cost more than the rest of the function.
    const passed = Promise.resolve(next())
    // A WebSocket of koa-websocket has no response.
    if (res !== undefined) passed.then(undefined, error => recorder.fail(res, error))
    return passed
  }
}

/** A middleware of @koa/router has the property `router`. */
function isRouter(middleware: unknown): boolean {
  return typeof middleware === 'function' && 'router' in middleware
}

/**
 * Serves the metrics of the herd as a route of the application. Requests for it are not recorded.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_NOT_CALLED
 */
export function metricsHandler(options?: MetricsHandlerOptions): (context: Context) => Promise<void>
export function metricsHandler(
  options: MetricsHandlerOptions = {},
  ...others: readonly unknown[]
): (context: Context) => Promise<void> {
  if (others.length > 0) throw notCalled('metricsHandler', "Write `router.get('/metrics', metricsHandler())`.")
  const responder = new MetricsResponder(options)
  return async function promherdMetrics(context) {
    const { status, headers, pieces } = await responder.reply(context.req.headers, context.res)
    context.status = status
    context.body = Readable.from(pieces)
    // Koa removes the content length when the body is a stream.
    context.set(headers)
  }
}
