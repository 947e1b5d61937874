import { createMonitor, type Monitor } from '@promherd/core'
import { prometheus } from '@promherd/fastify'
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, closed, dial, heard, said } from './client.ts'
import { errorsOf, settled } from './reading.ts'
import { listening, Stage } from './stage.ts'

/** The deadlines that Fastify has of its own. */

let monitor: Monitor
let stage: Stage
let app: FastifyInstance | undefined

beforeEach(() => {
  monitor = createMonitor({ slab: 'heap' })
  stage = new Stage()
})

afterEach(async () => {
  stage.release()
  await app?.close()
  await monitor.close()
})

async function start(options: FastifyServerOptions): Promise<string> {
  app = fastify({ forceCloseConnections: true, ...options })
  await app.register(prometheus, { monitor })
  app.get('/hold', () => stage.hold())
  app.get('/stream', (_request, reply) => reply.send(stage.stream()))
  await app.listen({ host: '127.0.0.1', port: 0 })
  return listening(app.server)
}

test('handlerTimeout is a timeout, answered by Fastify', async () => {
  expect((await ask(`${await start({ handlerTimeout: 50 })}/hold`)).status).toBe(503)
  await settled(monitor, { 'GET /hold 503': 1 })
  expect(await errorsOf(monitor)).toEqual({ 'GET /hold timeout': 1 })
})

test('connectionTimeout is a timeout, before an answer and in the middle of one', async () => {
  const url = await start({ connectionTimeout: 50 })
  const waiting = await dial(url)
  waiting.write(said('GET', '/hold'))
  await closed(waiting)
  await settled(monitor, { 'GET /hold 500': 1 })
  const stream = await dial(url)
  stream.write(said('GET', '/stream'))
  await heard(stream, 'first ')
  await closed(stream)
  await settled(monitor, { 'GET /hold 500': 1, 'GET /stream 200': 1 })
  expect(await errorsOf(monitor)).toEqual({ 'GET /hold timeout': 1, 'GET /stream timeout': 1 })
})
