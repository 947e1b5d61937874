import { createMonitor, type Monitor } from '@promherd/core'
import * as onHono from '@promherd/hono'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { errorsOf, numberOf, requestsOf } from './reading.ts'

/** Applications that receive requests without a connection: in tests, and on runtimes other than Node. */

let monitor: Monitor

beforeEach(() => {
  monitor = createMonitor({ storage: 'memory' })
})

afterEach(() => monitor.close())

test('Hono outside Node is recorded when the response is created', async () => {
  const app = new Hono()
  app.use(onHono.prometheus({ monitor, ignore: request => new URL(request.url!).pathname === '/health' }))
  app.onError((error, context) => (error instanceof HTTPException ? error.getResponse() : context.text('broken', 500)))
  app.use('/items/*', async (_context, next) => next())
  app.get('/items/:id', context => context.text('item'))
  app.all('/any/:id', context => context.text('any'))
  app.get('/health', context => context.text('well'))
  app.use('/closed/*', async context => context.text('closed', 403))
  app.get('/closed/:id', context => context.text('never'))
  app.get('/teapot', () => {
    throw new HTTPException(418)
  })
  app.get('/broken', () => {
    throw new Error('broken')
  })
  for (const path of ['/items/1', '/any/1', '/health', '/closed/1', '/teapot', '/broken', '/nothing', '/items/1/2']) {
    await app.request(path)
  }
  expect(await requestsOf(monitor)).toEqual({
    'GET /items/:id 200': 1,
    'GET /any/:id 200': 1,
    'GET /closed/* 403': 1,
    'GET /teapot 418': 1,
    'GET /broken 500': 1,
    'GET _unmatched 404': 2,
  })
  expect(await errorsOf(monitor)).toEqual({
    'GET /closed/* auth': 1,
    'GET /teapot client_error': 1,
    'GET /broken exception': 1,
    'GET _unmatched not_found': 2,
  })
  expect(await numberOf(monitor, 'http_requests_in_flight')).toBe(0)
})

test('a thrown value in Hono that is no Error is counted and rethrown', async () => {
  const app = new Hono()
  app.use(onHono.prometheus({ monitor }))
  app.get('/thrown', () => {
    throw 'a text'
  })
  await expect(Promise.resolve(app.request('/thrown'))).rejects.toBe('a text')
  expect(await requestsOf(monitor)).toEqual({ 'GET /thrown 500': 1 })
  expect(await errorsOf(monitor)).toEqual({ 'GET /thrown exception': 1 })
})

test('a handler of Hono without a result is counted with the response of Hono', async () => {
  const app = new Hono()
  app.onError((error, context) => context.text(error.message, 500))
  app.use(onHono.prometheus({ monitor }))
  app.get('/nothing', (() => undefined) as unknown as () => Response)
  const response = await app.request('/nothing')
  expect([response.status, await response.text()]).toEqual([404, '404 Not Found'])
  expect(await requestsOf(monitor)).toEqual({ 'GET /nothing 404': 1 })
})
