import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type AdapterOptions,
  type HttpRecorder,
  isUnmatched,
  type Monitor,
  monitorOf,
  type OpenExchange,
  recorderFor,
} from '@promherd/core'
import type { Context, Handler, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { leadWith } from './front.ts'

/**
 * Records every request that comes by: use it before the routes. On @hono/node-server until the last byte of the
 * response has left; elsewhere until the response is made, since nobody says there when it was sent.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function prometheus(options: AdapterOptions = {}): MiddlewareHandler {
  const recorder = recorderFor(options)
  const promherd: MiddlewareHandler = async (context, next) => {
    const { incoming, outgoing } = (context.env ?? {}) as NodeBindings
    if (incoming === undefined || outgoing === undefined)
      return timed(recorder.begin(context.req.raw, context), context, next)
    recorder.follow(incoming, outgoing, nodeRouteOf, context)
    try {
      await next()
      if (context.error !== undefined) recorder.fail(outgoing, context.error)
    } catch (error) {
      recorder.fail(outgoing, error)
      throw error
    }
  }
  leadWith(promherd, (handler, alone) => {
    const routeOf = alone !== undefined && isRoute(alone) ? aloneRouteOf(alone) : nodeRouteOf
    return (context, next) => {
      const { incoming, outgoing } = (context.env ?? {}) as NodeBindings
      if (incoming === undefined || outgoing === undefined) return promherd(context, nextOf(handler, context, next))
      recorder.follow(incoming, outgoing, routeOf, context)
      try {
        const answer: unknown = handler(context, next)
        if (answer instanceof Promise) void watch(answer, context, outgoing, recorder)
        return answer as Response
      } catch (error) {
        recorder.fail(outgoing, error)
        throw error
      }
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
    return context.body(await monitor.metrics(), 200, { 'content-type': monitor.contentType })
  }
}

/** What @hono/node-server gives as the environment. */
interface NodeBindings {
  readonly incoming?: IncomingMessage
  readonly outgoing?: ServerResponse
}

/** Sees what a handler threw, and what became of it behind the handler. Never rejects. */
async function watch(
  answer: Promise<unknown>,
  context: Context,
  outgoing: ServerResponse,
  recorder: HttpRecorder,
): Promise<void> {
  try {
    await answer
    if (context.error !== undefined) recorder.fail(outgoing, context.error)
  } catch (error) {
    recorder.fail(outgoing, error)
  }
}

/** What Hono gives a middleware that stands before `handler`. */
function nextOf(handler: Handler, context: Context, next: () => Promise<void>): () => Promise<void> {
  return async () => {
    const answer = await handler(context, next)
    if (answer && !context.finalized) context.res = answer
  }
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

/** The route of an exchange that is followed: its status is known to Node. */
function nodeRouteOf(context: Context): string | undefined {
  return routeOf(context, statusOf(context))
}

/** The same where `route` is the only one, which is known beforehand but for what says that it did not answer. */
function aloneRouteOf(route: Matched): (context: Context) => string | undefined {
  return context => (statusOf(context) === 404 ? routeOf(context, 404) : route.path)
}

function statusOf(context: Context): number {
  return (context.env as NodeBindings).outgoing?.statusCode ?? 0
}

/**
 * The route that was called last or, where a middleware answered before it, the one that would have been. Where there
 * is none, what the middleware is mounted at that answered.
 */
function routeOf(context: Context, status: number): string | undefined {
  const routes = matchedRoutes(context)
  const at = context.req.routeIndex
  const called = routes[at]
  if (called === undefined) return undefined
  if (isRoute(called) && !(status === 404 && takesNext(called))) return called.path
  const ahead = routes.slice(at + 1).find(isRoute)
  if (ahead !== undefined) return ahead.path
  if (isUnmatched(status)) return undefined
  return routes.slice(0, at).findLast(isRoute)?.path ?? (isEverywhere(called.path) ? undefined : called.path)
}

type Matched = ReturnType<typeof matchedRoutes>[number]

/** What stands for all methods is mostly a middleware, which matches what nothing serves. */
function isRoute(route: Matched): boolean {
  return route.method !== 'ALL' || !(takesNext(route) || isEverywhere(route.path))
}

/** True where the handler may have passed the request on. */
function takesNext({ handler }: Matched): boolean {
  // The handlers of an application with an `onError` of its own are wrapped when it becomes a part of another.
  const wrapped = (handler as { [WRAPPED]?: (...parts: never[]) => unknown })[WRAPPED]
  return (wrapped ?? handler).length > 1
}

const WRAPPED = '__COMPOSED_HANDLER'

function isEverywhere(path: string): boolean {
  return path === '*' || path === '/*'
}
