import { createServer, type RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createMonitor } from '@promherd/core'
import * as onFastify from '@promherd/fastify'
import * as onHono from '@promherd/hono'
import fastify, { type FastifyInstance } from 'fastify'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { answered } from './connection.ts'
import { closingHttp2 } from './harnesses/serving.ts'
import { keeps } from './law.ts'
import { settled } from './reading.ts'
import { closing, listening } from './stage.ts'
import { UNROUTED } from './unrouted-requests.ts'

keeps(UNROUTED)

test('an adapter in a context of Fastify counts only the requests of that context', async () => {
  const monitor = createMonitor({ storage: 'memory' })
  const app = fastify()
  app.get('/outside', async () => 'outside')
  await app.register(async part => {
    await part.register(onFastify.prometheus, { monitor })
    part.get('/inside', async () => 'inside')
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  for (const path of ['/inside', '/outside', '/%zz']) await answered('HTTP/1.1', `${url}${path}`, 'GET')
  await settled(monitor, { 'GET /inside 200': 1 })
  await app.close()
  await monitor.close()
})

test('a middleware of Hono for some paths counts only these', async () => {
  const monitor = createMonitor({ storage: 'memory' })
  const app = new Hono()
  app.use('/inside/*', onHono.prometheus({ monitor }))
  app.get('/inside/:id', context => context.text('inside'))
  app.get('/outside', context => context.text('outside'))
  const server = createServer(getRequestListener(app.fetch) as RequestListener)
  const url = await listening(server)
  for (const path of ['/inside/1', '/outside', '/none']) await answered('HTTP/1.1', `${url}${path}`, 'GET')
  await settled(monitor, { 'GET /inside/:id 200': 1 })
  await closing(server)
  await monitor.close()
})

test('an ignored request is not counted if it is refused', async () => {
  const monitor = createMonitor({ storage: 'memory' })
  const app = fastify()
  await app.register(onFastify.prometheus, { monitor, ignore: ['/%zz'] })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  for (const path of ['/%zz', '/%yy']) {
    expect((await answered('HTTP/1.1', `${url}${path}`, 'GET')).status).toBe(400)
  }
  await settled(monitor, { 'GET _refused 400': 1 })
  await app.close()
  await monitor.close()
})

test('a refusal of Fastify over HTTP/2 is counted', async () => {
  const monitor = createMonitor({ storage: 'memory' })
  const app = fastify({ http2: true })
  await (app as unknown as FastifyInstance).register(onFastify.prometheus, { monitor })
  app.get('/', async () => 'here')
  const close = closingHttp2(app.server)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = await listening(app.server as never)
  expect((await answered('HTTP/2', `${url}/`, 'GET')).status).toBe(200)
  expect((await answered('HTTP/2', `${url}/%zz`, 'GET')).status).toBe(400)
  await settled(monitor, { 'GET / 200': 1, 'GET _refused 400': 1 })
  await Promise.all([app.close(), close().catch(() => {})])
  await monitor.close()
})
