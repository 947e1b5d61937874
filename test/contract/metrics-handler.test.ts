import { once } from 'node:events'
import { createServer, type RequestListener, Server } from 'node:http'
import { connect, createServer as createHttp2Server, type IncomingHttpHeaders } from 'node:http2'
import { getRequestListener } from '@hono/node-server'
import Router from '@koa/router'
import {
  createMonitor,
  instrumentServer,
  type MetricsHandlerOptions,
  type Monitor,
  metricsHandler,
} from '@promherd/core'
import * as onExpress from '@promherd/express'
import * as onFastify from '@promherd/fastify'
import * as onHono from '@promherd/hono'
import * as onKoa from '@promherd/koa'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { describe, expect, test } from 'vitest'
import { internalsOf } from '../../packages/core/dist/monitor/internals.js'
import { internalErrorsOf, settled } from './reading.ts'
import { closing, listening } from './stage.ts'

/** A listener, or a server that has one. */
type Application = (
  monitor: Monitor,
  options: MetricsHandlerOptions,
) => RequestListener | Server | Promise<RequestListener>

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

const APPLICATIONS: Readonly<Record<string, Application>> = {
  'node:http': (monitor, options) => {
    const serveMetrics = metricsHandler(options)
    const server = createServer((request, response) => serveMetrics(request, response))
    instrumentServer(server, { monitor, route: () => '/metrics' })
    return server
  },
  Express: (monitor: Monitor, options: MetricsHandlerOptions) => {
    const app = express()
    app.use(onExpress.prometheus({ monitor }))
    app.get('/metrics', onExpress.metricsHandler(options))
    return app
  },
  Fastify: async (monitor: Monitor, options: MetricsHandlerOptions) => {
    const app = fastify()
    await app.register(onFastify.prometheus, { monitor })
    app.get('/metrics', onFastify.metricsHandler(options))
    await app.ready()
    return app.routing
  },
  Koa: (monitor: Monitor, options: MetricsHandlerOptions) => {
    const app = new Koa()
    // Koa logs each client that disconnects.
    app.silent = true
    app.use(onKoa.prometheus({ monitor }))
    app.use(new Router().get('/metrics', onKoa.metricsHandler(options)).routes())
    return app.callback()
  },
  Hono: (monitor: Monitor, options: MetricsHandlerOptions) => {
    const app = new Hono()
    app.use(onHono.prometheus({ monitor }))
    app.get('/metrics', onHono.metricsHandler(options))
    return getRequestListener(app.fetch)
  },
}

describe.each(Object.entries(APPLICATIONS))('a route of %s', (_name, applicationWith) => {
  async function serving(options: MetricsHandlerOptions = {}) {
    const warnings: string[] = []
    const monitor = createMonitor({ storage: 'memory', onWarning: message => warnings.push(message) })
    // The text of a large herd can be longer than the maximum length of a string.
    monitor.metrics = () => Promise.reject(new Error('the text was put into one string'))
    const application = await applicationWith(monitor, { monitor, ...options })
    const server = application instanceof Server ? application : createServer(application)
    const end = async (): Promise<void> => {
      await closing(server)
      await monitor.close()
    }
    return { monitor, warnings, url: `${await listening(server)}/metrics`, end }
  }

  test('can serve the metrics, as bytes of a known length', async () => {
    const { monitor, url, end } = await serving()
    monitor.http().record('GET', '/items/:id', 200, 0.5)
    // More than one piece.
    const series = monitor.counter({ name: 'of_many_total', help: 'Many.', labels: ['of'], maxSeries: 5000 })
    for (let i = 0; i < 5000; i++) series.labels(`é${i}`).inc(i)
    expect((await internalsOf(monitor).textBytes()).pieces.length).toBeGreaterThan(1)
    const response = await fetch(url, { headers: { ...CLOSE, 'accept-encoding': 'identity' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(response.headers.get('content-length')).toBe(String(bytes.length))
    const text = bytes.toString()
    expect(text).toContain('http_requests_total{method="GET",route="/items/:id",status_code="200"} 1\n')
    expect(text.match(/^of_many_total\{.*$/gm)).toHaveLength(5000)
    await settled(monitor, { 'GET /items/:id 200': 1 })
    await end()
  })

  test('responds to HEAD with the same headers and no body', async () => {
    const { monitor, url, end } = await serving()
    const { status, headers } = await fetch(url, {
      method: 'HEAD',
      headers: { ...CLOSE, 'accept-encoding': 'identity' },
    })
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(Number(headers.get('content-length'))).toBeGreaterThan(1000)
    await settled(monitor, {})
    await end()
  })

  test.each([
    ['text/plain', 'identity', 'text/plain; version=0.0.4; charset=utf-8', null],
    ['application/openmetrics-text;version=1.0.0,text/plain;q=0.5', 'gzip', OPENMETRICS, 'gzip'],
    ['application/openmetrics-text', 'br', OPENMETRICS, null],
    ['*/*', 'gzip;q=0, *', 'text/plain; version=0.0.4; charset=utf-8', null],
  ])('answers Accept %s with Accept-Encoding %s as the metrics port does', async (accept, packing, type, encoding) => {
    const { url, end } = await serving()
    const headers = { ...CLOSE, accept, 'accept-encoding': packing }
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(url, { method, headers })
      const get = (name: string): string | null => response.headers.get(name)
      expect([response.status, get('content-type'), get('content-encoding')]).toEqual([200, type, encoding])
      expect(get('vary')).toMatch(/accept, accept-encoding/i)
      // What was packed is unpacked by `fetch`.
      const text = await response.text()
      if (method === 'HEAD') expect(text).toBe('')
      else expect(text.endsWith('# EOF\n')).toBe(type === OPENMETRICS)
    }
    await end()
  })

  test('records the requests for the metrics if the option is set', async () => {
    const { monitor, url, end } = await serving({ record: true })
    expect((await fetch(url, { headers: CLOSE })).status).toBe(200)
    await settled(monitor, { 'GET /metrics 200': 1 })
    await end()
  })

  test('responds with 503 if the metrics cannot be read, and counts the error', async () => {
    const { monitor, warnings, url, end } = await serving()
    internalsOf(monitor).exposition = () => Promise.reject(new Error('no directory'))
    const response = await fetch(url, { headers: CLOSE })
    expect([response.status, await response.text()]).toEqual([503, ''])
    expect(warnings).toEqual(['the metrics could not be served: Error: no directory'])
    expect(await internalErrorsOf(monitor)).toEqual({ http: 1 })
    await settled(monitor, {})
    await end()
  })

  test('continues to work if a client disconnects before the end', async () => {
    const { monitor, warnings, url, end } = await serving()
    const piece = Buffer.alloc(2 ** 20, '#')
    const pieces = Array.from({ length: 64 }, () => piece)
    const { exposition } = internalsOf(monitor)
    const bytes = { pieces, length: pieces.length * piece.length }
    internalsOf(monitor).exposition = async () => ({ contentType: 'text/plain', encoding: undefined, bytes })
    const leaving = new AbortController()
    const response = await fetch(url, { headers: CLOSE, signal: leaving.signal })
    await response.body!.getReader().read()
    leaving.abort()
    await settled(monitor, {})
    internalsOf(monitor).exposition = exposition
    expect((await fetch(url, { headers: CLOSE })).status).toBe(200)
    expect(warnings).toEqual([])
    await end()
  })
})

const CLOSE = { connection: 'close' }

test('the handler of node:http responds over HTTP/2', async () => {
  const monitor = createMonitor({ storage: 'memory' })
  const serveMetrics = metricsHandler({ monitor })
  const server = createHttp2Server((request, response) => serveMetrics(request, response))
  const session = connect(await listening(server as unknown as Server))
  const stream = session.request({ ':path': '/metrics' }).setEncoding('utf8')
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  let text = ''
  for await (const piece of stream) text += piece
  expect([headers[':status'], headers['content-length']]).toEqual([200, String(Buffer.byteLength(text))])
  expect(text).toContain('promherd_')
  await Promise.all([once(server.close(), 'close'), session.close()])
  await monitor.close()
})

test('the handler of node:http throws if it was passed without being called', () => {
  const uncalled = metricsHandler as (...given: unknown[]) => unknown
  expect(() => uncalled({}, {})).toThrow(expect.objectContaining({ code: 'ERR_PROMHERD_NOT_CALLED' }))
})

test.each([
  ['Express', onExpress.prometheus],
  ['Koa', onKoa.prometheus],
  ['Hono', onHono.prometheus],
])('%s refuses options that are none', (_name, prometheus) => {
  const monitor = createMonitor({ storage: 'memory' })
  expect(() => prometheus({ monitor, bucket: [1] } as never)).toThrow(/Did you mean `buckets`/)
  expect(() => prometheus({ monitor: {} as never })).toThrow(
    expect.objectContaining({ code: 'ERR_PROMHERD_BAD_OPTION' }),
  )
})

test('Fastify rejects unknown options', async () => {
  const app = fastify()
  await expect(
    app.register(onFastify.prometheus, { monitor: createMonitor({ storage: 'memory' }), bucket: [1] } as never),
  ).rejects.toThrow(/Did you mean `buckets`/)
})
