import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import Router from '@koa/router'
import { createMonitor, type Monitor } from '@promherd/core'
import * as onExpress from '@promherd/express'
import * as onFastify from '@promherd/fastify'
import * as onHono from '@promherd/hono'
import * as onKoa from '@promherd/koa'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { expect, test } from 'vitest'
import { settled } from './reading.ts'
import { closing, listening } from './stage.ts'

const APPLICATIONS = {
  Express: (monitor: Monitor) => {
    const app = express()
    app.use(onExpress.prometheus({ monitor }))
    app.get('/metrics', onExpress.metricsHandler({ monitor }))
    return app
  },
  Fastify: async (monitor: Monitor) => {
    const app = fastify()
    await app.register(onFastify.prometheus, { monitor })
    app.get('/metrics', onFastify.metricsHandler({ monitor }))
    await app.ready()
    return app.routing
  },
  Koa: (monitor: Monitor) => {
    const app = new Koa()
    app.use(onKoa.prometheus({ monitor }))
    app.use(new Router().get('/metrics', onKoa.metricsHandler({ monitor })).routes())
    return app.callback()
  },
  Hono: (monitor: Monitor) => {
    const app = new Hono()
    app.use(onHono.prometheus({ monitor }))
    app.get('/metrics', onHono.metricsHandler({ monitor }))
    return getRequestListener(app.fetch)
  },
}

test.each(Object.entries(APPLICATIONS))('a route of %s can serve the metrics', async (_name, applicationWith) => {
  const monitor = createMonitor({ slab: 'heap' })
  monitor.http().record('GET', '/items/:id', 200, 0.5)
  const server = createServer(await applicationWith(monitor))
  const url = await listening(server)
  const response = await fetch(`${url}/metrics`, { headers: { connection: 'close' } })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(await response.text()).toContain('http_requests_total{method="GET",route="/items/:id",status_code="200"} 1\n')
  await settled(monitor, { 'GET /items/:id 200': 1, 'GET /metrics 200': 1 })
  await closing(server)
  await monitor.close()
})

test.each([
  ['Express', onExpress.prometheus],
  ['Koa', onKoa.prometheus],
  ['Hono', onHono.prometheus],
])('%s refuses options that are none', (_name, prometheus) => {
  const monitor = createMonitor({ slab: 'heap' })
  expect(() => prometheus({ monitor, bucket: [1] } as never)).toThrow(/Did you mean `buckets`/)
  expect(() => prometheus({ monitor: {} as never })).toThrow(
    expect.objectContaining({ code: 'ERR_PROMHERD_BAD_OPTION' }),
  )
})

test('Fastify refuses options that are none', async () => {
  const app = fastify()
  await expect(
    app.register(onFastify.prometheus, { monitor: createMonitor({ slab: 'heap' }), bucket: [1] } as never),
  ).rejects.toThrow(/Did you mean `buckets`/)
})
