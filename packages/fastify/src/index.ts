import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import {
  calledBeforeRegister,
  checkRegistration,
  type InitializeOptions,
  initializingRecorderFor,
  type MetricsHandlerOptions,
  MetricsResponder,
  notCalled,
  type Recorder,
  type RequestServer,
} from '@promherd/core/adapter'
import { fastifyRouteOf, watchNest } from '@promherd/core/routes'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Options of `prometheus`: its functions are called with Node's request and response, and the request of Fastify. */
export type FastifyOptions = InitializeOptions<IncomingMessage, FastifyRequest>

/** An instance of Fastify, with any kind of server: HTTP/1.1 or HTTP/2, unencrypted or over TLS. */
export interface AnyFastify {
  readonly server: RequestServer
  readonly addHook: unknown
}

/**
 * Records every request of the instance that it is registered with: `await app.register(prometheus)`, before the
 * routes. Rejects with ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION or ERR_PROMHERD_FAMILY_CONFLICT.
 */
export async function prometheus(instance: AnyFastify, options: FastifyOptions = {}): Promise<void> {
  const app = instance as unknown as FastifyInstance
  if (typeof app?.addHook !== 'function') throw calledBeforeRegister()
  const { recorder, initialize } = initializingRecorderFor(options)
  // A plugin that is registered in a context of its own sees only the routes of that context.
  if (Object.getPrototypeOf(app) === Object.prototype) recorder.coverServers()
  recorder.watch(app.server)
  app.addHook('onReady', async function promherd() {
    watchNest()
  })
  checkRegistration(app, recorder)
  // Follows the response itself: Fastify's own `onResponse` does not run if the client has disconnected.
  app.addHook('onRequest', function promherd(request, reply, done) {
    recorder.follow(request.raw, reply.raw as Parameters<Recorder['follow']>[1], fastifyRouteOf, request)
    done()
  })
  app.addHook('onError', function promherd(_request, reply, error, done) {
    recorder.fail(reply.raw as Parameters<Recorder['fail']>[0], error)
    done()
  })
  if (initialize !== undefined) {
    app.addHook('onRoute', ({ method, url }) => {
      // Fastify adds a HEAD route to every GET route: initializing those would double the series.
      for (const name of [method].flat()) if (name !== 'HEAD') initialize(name, url)
    })
  }
}

// Applies the hooks to the instance itself and not to a context of their own.
Object.assign(prometheus, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@promherd/fastify',
})

/** A reply of Fastify, with any kind of server. */
export interface AnyReply {
  readonly raw: object
}

/** A handler of Fastify, with any kind of server. */
export type Handler = <Reply extends AnyReply>(request: unknown, reply: Reply) => Promise<Reply>

/**
 * Serves the metrics of the herd as a route of the application. Requests for it are not recorded.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_NOT_CALLED
 */
export function metricsHandler(options?: MetricsHandlerOptions): Handler
export function metricsHandler(options: MetricsHandlerOptions = {}, ...others: readonly unknown[]): Handler {
  if (others.length > 0) throw notCalled('metricsHandler', "Write `app.get('/metrics', metricsHandler())`.")
  const responder = new MetricsResponder(options)
  return async function promherdMetrics<Reply extends AnyReply>(request: unknown, reply: Reply): Promise<Reply> {
    const response = reply.raw as Parameters<MetricsResponder['send']>[1]
    const { status, headers, pieces } = await responder.reply((request as FastifyRequest).headers, response)
    ;(reply as unknown as FastifyReply).code(status).headers(headers).send(Readable.from(pieces))
    return reply
  }
}
