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
import type { Context, Handler, MiddlewareHandler, Next } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { RouterRoute } from 'hono/types'
import { Front } from './front.ts'

/**
 * Records every request that comes by: use it before the routes. On @hono/node-server until the last byte of the
 * response has left; elsewhere until the response is made, since nobody says there when it was sent.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function prometheus(options: AdapterOptions = {}): MiddlewareHandler {
  const recorder = recorderFor(options)

  /** Called when the response has closed: what Hono knows of it by then is all on the context. */
  function routeOfClosed(context: Context, routes: readonly RouterRoute[] = routesOf(context)): string | undefined {
    const { outgoing } = context.env as Required<NodeBindings>
    if (context.error !== undefined) recorder.fail(outgoing, context.error)
    return honoRouteOf(routes, context.req.routeIndex, outgoing.statusCode)
  }

  /** Records a request that `handler` answers. Awaits nothing on Node: that would cost more than all the rest. */
  function record(context: Context, next: Next, handler: Handler, routeOf: (context: Context) => string | undefined) {
    const { incoming, outgoing } = (context.env ?? {}) as NodeBindings
    if (incoming === undefined || outgoing === undefined) {
      return timed(recorder.begin(context.req.raw, context), context, () => handler(context, next))
    }
    recorder.follow(incoming, outgoing, routeOf, context)
    try {
      const answer = handler(context, next)
      if (answer instanceof Promise) answer.then(undefined, error => recorder.fail(outgoing, error))
      return answer
    } catch (error) {
      recorder.fail(outgoing, error)
      throw error
    }
  }

  const promherd = ((context, next) => {
    // Elsewhere than on Node the status of what is thrown is known only to whoever stands before the handler.
    const isOnNode = (context.env as NodeBindings | undefined)?.outgoing !== undefined
    const handler = isOnNode ? front.join(context) : undefined
    return record(context, next, handler ?? callNext, routeOfClosed)
  }) as MiddlewareHandler
  const front = new Front(promherd, (handler, routes) => {
    const routeOf = (context: Context) => routeOfClosed(context, routes)
    return (context, next) => {
      front.reused()
      return record(context, next, handler, routeOf)
    }
  })
  return promherd
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

const callNext: MiddlewareHandler = async (_context, next) => {
  // Hono would take what it answers, the context, for a response where nothing has responded.
  await next()
}

async function timed(exchange: OpenExchange, context: Context, answer: () => unknown): Promise<Response | undefined> {
  try {
    const response = (await answer()) as Response | undefined
    const status = response?.status ?? (context.finalized ? context.res.status : statusOfNothing(context))
    exchange.end(routeOf(context, status), status, context.error)
    return response
  } catch (error) {
    const status = statusOf(error)
    exchange.end(routeOf(context, status), status, error)
    throw error
  }
}

/** Hono answers 404 for a handler that answers nothing and is alone; where others stand before it, it throws. */
function statusOfNothing(context: Context): number {
  return routesOf(context).length === 1 ? 404 : 500
}

/** What is thrown becomes a response after us: Hono asks an error for it in this way, and all else is mostly a 500. */
function statusOf(error: unknown): number {
  const { getResponse, status } = Object(error) as { getResponse?: unknown; status?: unknown }
  return typeof getResponse === 'function' && typeof status === 'number' ? status : 500
}

function routeOf(context: Context, status: number): string | undefined {
  return honoRouteOf(routesOf(context), context.req.routeIndex, status)
}

function routesOf(context: Context): readonly RouterRoute[] {
  // The helper knows only the contexts of its own build, and an application may have the other one, of CommonJS.
  return context.req.matchedRoutes ?? matchedRoutes(context)
}
