import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type AdapterOptions,
  type Monitor,
  monitorOf,
  type OpenExchange,
  recorderFor,
  replyWithMetrics,
} from '@promherd/core'
import { honoRouteOf } from '@promherd/core/frameworks'
import type { Context, Handler, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'

/**
 * Records every request that comes by: use it before the routes. On @hono/node-server until the last byte of the
 * response has left; elsewhere until the response is made, since nobody says there when it was sent.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function prometheus(options: AdapterOptions = {}): MiddlewareHandler {
  const recorder = recorderFor(options)
  /** Called when the response has closed: what Hono knows of it by then is all on the context. */
  function routeOfClosed(context: Context): string | undefined {
    const { outgoing } = context.env as Required<NodeBindings>
    if (context.error !== undefined) recorder.fail(outgoing, context.error)
    return routeOf(context, outgoing.statusCode)
  }
  // Nothing is awaited where it need not be: that would cost more than all the rest.
  return function promherd(context, next) {
    const { incoming, outgoing } = (context.env ?? {}) as NodeBindings
    if (incoming === undefined || outgoing === undefined)
      return timed(recorder.begin(context.req.raw, context), context, next)
    recorder.follow(incoming, outgoing, routeOfClosed, context)
    const passed = next()
    passed.then(undefined, error => recorder.fail(outgoing, error))
    return passed
  }
}

/**
 * Serves the metrics of the herd as a route of the application; that route is recorded like any other.
 * @throws ERR_PROMHERD_BAD_OPTION
 */
export function metricsHandler(options: { readonly monitor?: Monitor | undefined } = {}): Handler {
  const monitor = monitorOf(options.monitor)
  return async function promherdMetrics(context) {
    const { status, headers, pieces } = await replyWithMetrics(monitor)
    return context.body(streamOf(pieces), status, headers)
  }
}

/** The next piece goes when the one before is on its way. */
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

/** What @hono/node-server gives as the environment. */
interface NodeBindings {
  readonly incoming?: IncomingMessage
  readonly outgoing?: ServerResponse
}

async function timed(exchange: OpenExchange, context: Context, next: () => Promise<void>): Promise<void> {
  try {
    await next()
    exchange.end(routeOf(context, context.res.status), context.res.status, context.error)
  } catch (error) {
    // What is not an Error is no response of Hono's: the runtime makes one, mostly a 500.
    exchange.end(routeOf(context, 500), 500, error)
    throw error
  }
}

function routeOf(context: Context, status: number): string | undefined {
  // The helper knows only the contexts of its own build, and an application may have the other one, of CommonJS.
  return honoRouteOf(context.req.matchedRoutes ?? matchedRoutes(context), context.req.routeIndex, status)
}
