import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { type AdapterOptions, type Monitor, monitorOf, recorderFor, replyWithMetrics } from '@promherd/core'
import { type KoaContext, koaRouteOf, observeKoa } from '@promherd/core/frameworks'

/** As much of Koa's context as is used. */
export interface Context {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  status: number
  body: unknown
  set(fields: Readonly<Record<string, string>>): void
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
    try {
      observeKoa(context as unknown as KoaContext)
    } catch (error) {
      recorder.store.trouble('http', `Koa could not be watched, so what is mounted has no prefix: ${String(error)}`)
    }
    recorder.follow(context.req, res, koaRouteOf, context as unknown as KoaContext)
    const passed = Promise.resolve(next())
    // A WebSocket of koa-websocket has no response.
    if (res !== undefined) passed.then(undefined, error => recorder.fail(res, error))
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
    const { status, headers, pieces } = await replyWithMetrics(monitor)
    context.status = status
    context.body = Readable.from(pieces)
    // Koa takes the length away where it is given a stream.
    context.set(headers)
  }
}
