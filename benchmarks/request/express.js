import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import express from 'express'
import { countedByOurs, sumOf } from './counted.js'
import { plainMetrics } from './plain.js'
import { timed } from './timed.js'

/** Express 5: the measured variants, and the configuration of each peer: labels of method, template and status, at the lowest cost. */

const require = createRequire(import.meta.url)
const templateOf = req => (req.route === undefined ? '_unmatched' : req.baseUrl + req.route.path)

function app(...middlewares) {
  const app = express()
  app.disable('x-powered-by')
  for (const middleware of middlewares) app.use(middleware)
  app.get('/users/:id', (req, res) => {
    res.json({ id: req.params.id })
  })
  return createServer(app)
}

/** @type {Record<string, () => Promise<import('./child.js').Variant>>} */
export const variants = {
  async bare() {
    return { server: app() }
  },
  async noop() {
    return { server: app((_req, _res, next) => next()) }
  },
  async timed() {
    return {
      server: app((_request, response, next) => {
        timed(response)
        next()
      }),
    }
  },
  async ours() {
    const { prometheus } = await import('@promherd/express')
    return { server: app(prometheus()), counted: countedByOurs }
  },
  async plain() {
    const metrics = plainMetrics()
    const server = app(function record(req, res, next) {
      const startedAt = performance.now()
      res.on('finish', () => metrics.record(req, res, templateOf(req), startedAt))
      next()
    })
    return { server, counted: async () => sumOf(await metrics.text(), 'http_requests_total') }
  },
  async 'express-prom-bundle'() {
    const bundle = require('express-prom-bundle')({ includeMethod: true, includePath: true, normalizePath: templateOf })
    const { register } = require('prom-client')
    return {
      server: app(bundle),
      counted: async () => sumOf(await register.metrics(), 'http_request_duration_seconds_count'),
    }
  },
  async '@promster/express'() {
    const { createMiddleware, getSummary } = require('@promster/express')
    const normalizePath = (_path, { req }) => templateOf(req)
    const middleware = createMiddleware({ options: { normalizePath } })
    return { server: app(middleware), counted: async () => sumOf(await getSummary(), 'http_requests_total') }
  },
}
