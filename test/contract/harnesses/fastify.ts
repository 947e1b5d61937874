import type { Http2Server } from 'node:http2'
import type { AdapterOptions } from '@promherd/core/adapter'
import { prometheus } from '@promherd/fastify'
import fastify, { type FastifyInstance } from 'fastify'
import { listening, type Stage, teapot } from '../stage.ts'
import type { Application, Harness } from '../world.ts'
import { closingHttp2 } from './serving.ts'

export const FASTIFY: readonly Harness[] = [
  { name: 'Fastify 5', thrown: 'exception', start: startHttp1 },
  { name: 'Fastify 5, HTTP/2', protocol: 'HTTP/2', thrown: 'exception', start: startHttp2 },
]

async function startHttp1(options: AdapterOptions | undefined, stage: Stage): Promise<Application> {
  const app = fastify({ forceCloseConnections: true })
  await addRoutes(app, options, stage)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { url: await listening(app.server), close: () => app.close() }
}

async function startHttp2(options: AdapterOptions | undefined, stage: Stage): Promise<Application> {
  const app = fastify({ http2: true })
  await addRoutes(app as unknown as FastifyInstance, options, stage)
  const close = closingHttp2(app.server as Http2Server)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url: await listening(app.server as never),
    async close() {
      const closed = app.close()
      await close().catch(() => {})
      await closed
    },
  }
}

async function addRoutes(app: FastifyInstance, options: AdapterOptions | undefined, stage: Stage): Promise<void> {
  if (options !== undefined) await app.register(prometheus, options)
  app.get('/items/:id', async () => 'item')
  app.post('/items', async (_request, reply) => reply.code(201).send('made'))
  app.get('/nothing', async (_request, reply) => reply.code(204).send())
  app.get('/unchanged', async (_request, reply) => reply.code(304).send())
  app.get('/teapot', async () => {
    throw teapot()
  })
  app.get('/hold', async () => stage.hold())
  app.get('/stream', async (_request, reply) => reply.send(stage.stream()))
  await app.register(async api => void (await api.register(inner, { prefix: '/v1' })), { prefix: '/api' })
  await app.register(async users => void users.get('/posts/:post', async () => 'post'), { prefix: '/users/:id' })
}

async function inner(v1: FastifyInstance): Promise<void> {
  v1.get('/items/:id', async () => 'item')
  v1.get('/broken', async () => {
    throw new Error('broken')
  })
}
