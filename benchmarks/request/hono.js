import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { routePath } from 'hono/route'
import { countedByOurs, sumOf } from './counted.js'
import { plainMetrics } from './plain.js'
import { timed } from './timed.js'

/** Hono 4 on @hono/node-server: the measured variants, and the configuration of the peer. */

function app(...middlewares) {
  const app = new Hono()
  for (const middleware of middlewares) app.use(middleware)
  app.get('/users/:id', c => c.json({ id: c.req.param('id') }))
  return createAdaptorServer({ fetch: app.fetch })
}

/** @type {Record<string, () => Promise<import('./child.js').Variant>>} */
export const variants = {
  async bare() {
    return { server: app() }
  },
  async noop() {
    return { server: app((_c, next) => next()) }
  },
  async timed() {
    return {
      server: app((c, next) => {
        timed(c.env.outgoing)
        return next()
      }),
    }
  },
  async ours() {
    const { prometheus } = await import('@promherd/hono')
    return { server: app(prometheus()), counted: countedByOurs }
  },
  async plain() {
    const metrics = plainMetrics()
    const server = app(function record(c, next) {
      const startedAt = performance.now()
      const { incoming, outgoing } = c.env
      outgoing.on('finish', () => metrics.record(incoming, outgoing, routePath(c, -1), startedAt))
      return next()
    })
    return { server, counted: async () => sumOf(await metrics.text(), 'http_requests_total') }
  },
  async '@hono/prometheus'() {
    const { Registry } = await import('prom-client')
    const { prometheus } = await import('@hono/prometheus')
    const registry = new Registry()
    const { registerMetrics } = prometheus({ registry })
    return {
      server: app(registerMetrics),
      counted: async () => sumOf(await registry.metrics(), 'http_requests_total'),
    }
  },
}
