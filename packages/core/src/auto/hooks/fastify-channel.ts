import { subscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import type { FastifyRequest } from '../../routes/fastify.ts'

/**
 * Fastify publishes on a channel of its own that an application is created. At that time there is no server yet. So
 * this module subscribes from the start, and forwards events once a listener is set.
 */
interface FastifyListener {
  /** Called with a request that is being served. Must not throw. */
  arrived(request: FastifyRequest, response: ServerResponse): void
  /** Called with an error that was thrown meanwhile. Must not throw. */
  failed(response: ServerResponse, error: unknown): void
}

/** Adds hooks to each application that is created from now on. */
export function watchFastify(): void {
  subscribe('fastify.initialization', message => {
    const { fastify } = message as { readonly fastify: FastifyApp }
    fastify.addHook('onRequest', function promherdHook(request, reply, done) {
      listener?.arrived(request as FastifyRequest, (reply as Reply).raw)
      ;(done as () => void)()
    })
    fastify.addHook('onError', function promherdHook(_request, reply, error, done) {
      listener?.failed((reply as Reply).raw, error)
      ;(done as () => void)()
    })
  })
}

/** Forwards Fastify's events to `newListener` from now on. */
export function setFastifyListener(newListener: FastifyListener): void {
  listener = newListener
}

let listener: FastifyListener | undefined

interface FastifyApp {
  addHook(name: 'onRequest', hook: (request: unknown, reply: unknown, done: unknown) => void): void
  addHook(name: 'onError', hook: (request: unknown, reply: unknown, error: unknown, done: unknown) => void): void
}

interface Reply {
  readonly raw: ServerResponse
}
