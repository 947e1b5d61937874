import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import Router from '@koa/router'
import Koa from 'koa'
import { countedByOurs, sumOf } from './counted.js'
import { plainMetrics } from './plain.js'
import { timed } from './timed.js'

/** Koa 3 with @koa/router: the measured variants, and the configuration of the peer. */

const require = createRequire(import.meta.url)

function app(...middlewares) {
  const app = new Koa()
  for (const middleware of middlewares) app.use(middleware)
  const router = new Router()
  router.get('/users/:id', ctx => {
    ctx.body = { id: ctx.params.id }
  })
  app.use(router.routes())
  return createServer(app.callback())
}

/** @type {Record<string, () => Promise<import('./child.js').Variant>>} */
export const variants = {
  async bare() {
    return { server: app() }
  },
  async noop() {
    return { server: app((_ctx, next) => next()) }
  },
  async timed() {
    return {
      server: app((ctx, next) => {
        timed(ctx.res)
        return next()
      }),
    }
  },
  async ours() {
    const { prometheus } = await import('@promherd/koa')
    return { server: app(prometheus()), counted: countedByOurs }
  },
  async plain() {
    const metrics = plainMetrics()
    const server = app(function record(ctx, next) {
      const startedAt = performance.now()
      ctx.res.on('finish', () => metrics.record(ctx.req, ctx.res, ctx._matchedRoute ?? '_unmatched', startedAt))
      return next()
    })
    return { server, counted: async () => sumOf(await metrics.text(), 'http_requests_total') }
  },
  async 'prometheus-api-metrics'() {
    const { koaMiddleware } = require('prometheus-api-metrics')
    const { register } = require('prom-client')
    return {
      server: app(koaMiddleware()),
      counted: async () => sumOf(await register.metrics(), 'http_request_duration_seconds_count'),
    }
  },
}
