import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type AdapterOptions,
  calledByFramework,
  checkPlacement,
  type MetricsHandlerOptions,
  MetricsResponder,
  notCalled,
  noteMiddleware,
  type OpenExchange,
  recorderFor,
} from '@promherd/core/adapter'
import { type HonoContext, honoMountedAt, honoRouteOf, honoTemplateAt } from '@promherd/core/routes'
import type { Context, Handler, MiddlewareHandler, Next } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { RouterRoute } from 'hono/types'

/**
 * Options of `prometheus`: its functions are called with Node's request, or the `Request` of Hono where there is no
 * Node server, and the context.
 */
export type HonoOptions = AdapterOptions<IncomingMessage | Request, Context>

/**
 * Records every request that passes through it: use it before the routes. On @hono/node-server, durations end when the
 * last byte of the response was sent; elsewhere, when the response is created, since no other runtime reports when it
 * was sent.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function prometheus(options?: HonoOptions): MiddlewareHandler
export function prometheus(options: HonoOptions = {}, ...others: readonly unknown[]): unknown {
  const passOn = calledByFramework(others, 'app.use(prometheus())')
  if (passOn !== undefined) return passOn()
  const recorder = recorderFor(options)

  /** Called when the response has closed: the context then has all of Hono's data about it. */
  function routeOfClosed(context: Context, outer?: Outer): string | undefined {
    const { outgoing } = context.env as Required<NodeBindings>
    if (context.error !== undefined) recorder.fail(outgoing, context.error)
    const route = routeOf(context, outgoing.statusCode)
    return outer === undefined ? route : honoTemplateAt(honoMountedAt(known(context), known(outer.context)), route)
  }

  let isFirstSeen = false
  noteMiddleware(promherd, recorder)
  return promherd

  /** Not an `async` function: that would cost about as much again as everything else here. */
  function promherd(context: Context, next: Next): Promise<Response | undefined> {
    const { incoming, outgoing } = (context.env ?? {}) as NodeBindings
    if (incoming?.upgrade === true) {
      // A WebSocket: its end is seen on its connection, and there is no response.
      recorder.follow(incoming, outgoing as never, routeOfUpgrade, context)
      return Promise.resolve(next()).then(() => (context.finalized ? undefined : answerOfNothing(context)))
    }
    if (incoming === undefined || outgoing === undefined) {
      return timed(recorder.begin(context.req.raw, context), context, next)
    }
    if (!isFirstSeen) {
      isFirstSeen = true
      const handlers = routesOf(context).map(({ handler }) => handler)
      checkPlacement(promherd, recorder, handlers, () => false)
      if (standsBeforeAll(context, promherd)) recorder.coverServers()
    }
    recorder.follow(incoming, outgoing, routeOfClosed, context)
    return Promise.resolve(next()).then(
      () => (context.finalized ? undefined : answerOfNothing(context)),
      error => {
        recorder.fail(outgoing, error)
        throw error
      },
    )
  }
}

/**
 * Serves the metrics of the herd as a route of the application. Requests for it are not recorded.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_NOT_CALLED
 */
export function metricsHandler(options?: MetricsHandlerOptions): Handler
export function metricsHandler(options: MetricsHandlerOptions = {}, ...others: readonly unknown[]): Handler {
  if (others.length > 0) throw notCalled('metricsHandler', "Write `app.get('/metrics', metricsHandler())`.")
  const responder = new MetricsResponder(options)
  return async function promherdMetrics(context) {
    const { outgoing } = (context.env ?? {}) as NodeBindings
    if (outgoing === undefined && !responder.records) LEFT_OUT.add(context.req.raw)
    const { accept, 'accept-encoding': encoding } = context.req.header()
    const { status, headers, pieces } = await responder.reply({ accept, 'accept-encoding': encoding }, outgoing)
    return context.body(streamOf(pieces), status, headers)
  }
}

/** Each piece is produced when the previous one has been consumed. */
function streamOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const rest = pieces.values()
  return new ReadableStream({
    pull(controller) {
      const { done, value } = rest.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
}

/** The framework that called the application, if one did: its context contains the mount path. */
interface Outer {
  readonly context: unknown
}

/** A context with its routes in the expected property; undefined for a context of another framework. */
function known(context: unknown): HonoContext | undefined {
  const { req } = context as Partial<Context>
  if (typeof req?.routeIndex !== 'number') return undefined
  const { path, routeIndex } = req
  return { req: { path, routeIndex, matchedRoutes: routesOf(context as Context) } }
}

/** The route that was called last accepted the connection. */
function routeOfUpgrade(context: Context): string | undefined {
  return routeOf(context, 101)
}

/** The environment of @hono/node-server. */
interface NodeBindings {
  readonly incoming?: IncomingMessage & { readonly upgrade?: boolean }
  readonly outgoing?: ServerResponse
}

/** Requests without a connection that must not be recorded. */
const LEFT_OUT = new WeakSet<Request>()

async function timed(exchange: OpenExchange, context: Context, next: Next): Promise<Response | undefined> {
  try {
    await next()
    const response = context.finalized ? undefined : await answerOfNothing(context)
    // Reading `res` if there is none would create one.
    const status = response?.status ?? (context.finalized ? context.res.status : 500)
    if (LEFT_OUT.has(context.req.raw)) exchange.leaveOut()
    else exchange.end(routeOf(context, status), status, context.error)
    return response
  } catch (error) {
    const status = statusOf(error)
    exchange.end(routeOf(context, status), status, error)
    throw error
  }
}

/** If a handler returns nothing and is the only one, Hono responds with 404, as without promherd; else it throws. */
function answerOfNothing(context: Context): undefined | Response | Promise<Response> {
  return routesOf(context).length > 2 ? undefined : context.notFound()
}

/**
 * The status of a thrown error. It becomes a response after this middleware: Hono calls `getResponse` of an error, and
 * everything else is usually a 500.
 */
function statusOf(error: unknown): number {
  const { getResponse, status } = Object(error) as { getResponse?: unknown; status?: unknown }
  return typeof getResponse === 'function' && typeof status === 'number' ? status : 500
}

function routeOf(context: Context, status: number): string | undefined {
  return honoRouteOf(routesOf(context), context.req.routeIndex, status)
}

/** True if the middleware is used for all paths, and not only for those of a part of the application. */
function standsBeforeAll(context: Context, middleware: MiddlewareHandler): boolean {
  const [first] = routesOf(context)
  return first?.handler === middleware && (first.path === '/*' || first.path === '*')
}

function routesOf(context: Context): readonly RouterRoute[] {
  // The helper supports only the contexts of its own build, and an application may use the other one, CommonJS.
  return context.req.matchedRoutes ?? matchedRoutes(context)
}
