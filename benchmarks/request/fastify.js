import { createRequire } from 'node:module'
import fastify from 'fastify'
import { countedByOurs, sumOf } from './counted.js'
import { plainMetrics } from './plain.js'
import { timed } from './timed.js'

/** Fastify 5: the measured variants, and the configuration of each peer: labels of method, template and status, at the lowest cost. */

const require = createRequire(import.meta.url)
const templateOf = request => request.routeOptions.url ?? '_unmatched'

async function serverOf(register) {
  const app = fastify({ logger: false })
  await register?.(app)
  app.get('/users/:id', async request => ({ id: request.params.id }))
  await app.ready()
  return app.server
}

/** @type {Record<string, () => Promise<import('./child.js').Variant>>} */
export const variants = {
  async bare() {
    return { server: await serverOf() }
  },
  async noop() {
    return { server: await serverOf(app => app.addHook('onRequest', (_request, _reply, done) => done())) }
  },
  async timed() {
    return {
      server: await serverOf(app =>
        app.addHook('onRequest', (_request, reply, done) => {
          timed(reply.raw)
          done()
        }),
      ),
    }
  },
  async ours() {
    const { prometheus } = await import('@promherd/fastify')
    return { server: await serverOf(app => app.register(prometheus)), counted: countedByOurs }
  },
  async plain() {
    const metrics = plainMetrics()
    const server = await serverOf(app => {
      // The hooks of the framework: `onResponse` runs on `finish`, and the reply already has the start time.
      app.addHook('onResponse', (request, reply, done) => {
        const startedAt = performance.now() - reply.elapsedTime
        metrics.record(request, reply, templateOf(request), startedAt)
        done()
      })
    })
    return { server, counted: async () => sumOf(await metrics.text(), 'http_requests_total') }
  },
  async 'fastify-metrics'() {
    const { default: metrics } = require('fastify-metrics')
    let registered
    const server = await serverOf(async app => {
      // Only the histogram: the other variants have no summary.
      const routeMetrics = { enabled: { histogram: true, summary: false } }
      await app.register(metrics, { endpoint: null, defaultMetrics: { enabled: false }, routeMetrics })
      registered = app.metrics
    })
    const text = () => registered.client.register.metrics()
    return { server, counted: async () => sumOf(await text(), 'http_request_duration_seconds_count') }
  },
  async '@promster/fastify'() {
    const { plugin, getSummary } = require('@promster/fastify')
    const normalizePath = (_path, { req }) => templateOf(req)
    const server = await serverOf(app => app.register(plugin, { normalizePath }))
    return { server, counted: async () => sumOf(await getSummary(), 'http_requests_total') }
  },
}
