import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { instrumentServer } from '@promherd/core'
import { prometheus } from '@promherd/fastify'
import fastify, { type FastifyInstance } from 'fastify'
import { expect } from 'vitest'
import { preloadedName } from '../harnesses/preloading.ts'
import type { Chapter, Law } from '../law.ts'
import { requestsOf, settled } from '../reading.ts'
import { listening } from '../stage.ts'
import { Routes, routesSubjects } from './asking.ts'

type OnFastify = Routes<FastifyInstance>

const FASTIFY = 'Fastify 5'
const PRELOADED = preloadedName(FASTIFY)

const ok = async (): Promise<string> => 'ok'

/** The status of the answer to a request for a host. */
async function statusFor(url: string, host: string): Promise<number> {
  const sent = request(url, { agent: false, headers: { host } }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode!
}

function refused(): Error {
  return Object.assign(new Error('who are you?'), { statusCode: 401 })
}

const PREFIXES: readonly Law<OnFastify>[] = [
  {
    sentence: 'plugins in plugins have all of their prefixes, the parameters among them',
    async run(world) {
      world.app.register(
        async users => {
          users.get('/', ok)
          users.register(async posts => void posts.get('/:post', ok), { prefix: '/posts' })
        },
        { prefix: '/users/:id' },
      )
      const requests = { 'GET /users/:id/posts/:post 200': 2, 'GET /users/:id 200': 2 }
      await world.gives(
        { '/users/1/posts/2': 200, '/users/2/posts/2': 200, '/users/1': 200, '/users/1/': 200 },
        requests,
      )
    },
  },
  {
    sentence: 'routes of the instance that are there before the plugin are recorded',
    async run(world) {
      const app = fastify({ forceCloseConnections: true })
      app.get('/early/:id', ok)
      await app.register(prometheus, { monitor: world.monitor })
      app.get('/late/:id', ok)
      for (const path of ['/early/1', '/late/1']) expect((await app.inject(path)).statusCode).toBe(200)
      await settled(world.monitor, { 'GET /early/:id 200': 1, 'GET /late/:id 200': 1 })
      await app.close()
    },
  },
  {
    sentence: 'routes of a plugin that was loaded before are recorded',
    async run(world) {
      const app = fastify({ forceCloseConnections: true })
      await app.register(async early => void early.get('/early', ok))
      await app.register(prometheus, { monitor: world.monitor })
      app.register(async late => void late.get('/late', ok))
      for (const path of ['/early', '/late']) expect((await app.inject(path)).statusCode).toBe(200)
      await settled(world.monitor, { 'GET /early 200': 1, 'GET /late 200': 1 })
      await app.close()
    },
  },
  {
    sentence: 'in a plugin that it is registered with, it records the routes of that plugin alone',
    async run(world) {
      const app = fastify({ forceCloseConnections: true })
      await app.register(
        async inner => {
          await inner.register(prometheus, { monitor: world.monitor })
          inner.get('/items/:id', ok)
        },
        { prefix: '/inner' },
      )
      app.get('/outer', ok)
      for (const path of ['/inner/items/1', '/outer']) expect((await app.inject(path)).statusCode).toBe(200)
      await settled(world.monitor, { 'GET /inner/items/:id 200': 1 })
      await app.close()
    },
  },
]

const MATCHING: readonly Law<OnFastify>[] = [
  {
    sentence: 'wildcards, expressions and optional parameters are labelled as they are written',
    async run(world) {
      world.app.get('/files/*', ok)
      world.app.get('/numbers/:n(^\\d+$)', ok)
      world.app.get('/near/:lat-:lng/:radius?', ok)
      const requests = {
        'GET /files/* 200': 2,
        'GET /numbers/:n(^\\d+$) 200': 1,
        'GET /near/:lat-:lng/:radius? 200': 2,
        'GET _unmatched 404': 1,
      }
      const answers = { '/files/a': 200, '/files/a/b': 200, '/numbers/1': 200, '/numbers/x': 404 }
      await world.gives({ ...answers, '/near/1-2': 200, '/near/1-2/3': 200 }, requests)
    },
  },
  {
    sentence: 'a HEAD that the route of GET answers is that route',
    async run(world) {
      world.app.get('/items/:id', ok)
      await world.gives({ 'HEAD /items/1': 200 }, { 'HEAD /items/:id 200': 1 })
    },
  },
  {
    sentence: 'a method that a path has no route for is _unmatched',
    async run(world) {
      world.app.get('/items/:id', ok)
      const requests = { 'PUT _unmatched 404': 1, 'OPTIONS _unmatched 404': 1 }
      await world.gives({ 'PUT /items/1': 404, 'OPTIONS /items/1': 404 }, requests)
    },
  },
  {
    sentence: 'a route of several versions is one template',
    async run(world) {
      world.app.route({ method: 'GET', url: '/items/:id', constraints: { host: 'other' }, handler: ok })
      world.app.route({ method: 'GET', url: '/items/:id', handler: ok })
      const { url, close } = await world.serve()
      expect(await statusFor(`${url}/items/1`, 'other')).toBe(200)
      expect(await statusFor(`${url}/items/1`, 'localhost')).toBe(200)
      await settled(world.monitor, { 'GET /items/:id 200': 2 })
      await close()
    },
  },
  {
    sentence: 'a path that cannot be decoded is recorded',
    async run(world) {
      world.app.get('/items/:id', ok)
      await world.gives({ '/items/%zz': 400 }, { 'GET _middleware 400': 1 })
    },
    cannot: {
      [FASTIFY]: {
        reason: 'Fastify asks no hook before it refuses one: `instrumentServer(app.server)` sees it.',
        async instead(world) {
          const { app } = world
          app.get('/items/:id', ok)
          await app.ready()
          expect((await app.inject('/items/%zz')).statusCode).toBe(400)
          expect(await requestsOf(world.monitor)).toEqual({})
          instrumentServer(app.server, { monitor: world.monitor })
          await world.gives({ '/items/%zz': 400, '/items/1': 200 }, { 'GET _unknown 400': 1, 'GET /items/:id 200': 1 })
        },
      },
      [PRELOADED]: {
        reason: 'Fastify asks no hook before it refuses one: it is recorded, and nobody can say its route.',
        async instead(world) {
          world.app.get('/items/:id', ok)
          await world.gives({ '/items/%zz': 400, '/items/1': 200 }, { 'GET _unknown 400': 1, 'GET /items/:id 200': 1 })
        },
      },
    },
  },
]

const BESIDE: readonly Law<OnFastify>[] = [
  {
    sentence: 'what a hook answers before the handler is the route that it was for',
    async run(world) {
      const { app } = world
      app.register(
        async admin => {
          admin.addHook('onRequest', async (_request, reply) => reply.code(401).send('who are you?'))
          admin.get('/items/:id', ok)
        },
        { prefix: '/admin' },
      )
      app.get('/own/:id', { preHandler: async (_request, reply) => reply.code(403).send('no') }, ok)
      app.get('/parsed/:id', { preParsing: async () => Promise.reject(refused()) }, ok)
      const requests = { 'GET /admin/items/:id 401': 1, 'GET /own/:id 403': 1, 'GET /parsed/:id 401': 1 }
      await world.gives({ '/admin/items/1': 401, '/own/1': 403, '/parsed/1': 401 }, requests)
    },
  },
  {
    sentence: 'what a handler for the missing does not find is _unmatched, in a plugin too',
    async run(world) {
      const { app } = world
      app.setNotFoundHandler(async (_request, reply) => reply.code(404).send('nothing here'))
      app.register(
        async api => {
          api.setNotFoundHandler(async (_request, reply) => reply.code(404).send({ error: 'nothing' }))
          api.get('/items/:id', ok)
        },
        { prefix: '/api' },
      )
      await world.gives({ '/.env': 404, '/api/wp-login.php': 404, '/api/items': 404 }, { 'GET _unmatched 404': 3 })
    },
  },
  {
    sentence: 'what a handler for the missing does answer is _middleware',
    async run(world) {
      world.app.setNotFoundHandler(async (_request, reply) => reply.code(200).send('the one page'))
      world.app.addHook('preHandler', async (request, reply) => {
        if (request.url === '/closed') await reply.code(401).send('who are you?')
      })
      await world.gives({ '/any/page': 200, '/closed': 401 }, { 'GET _middleware 200': 1, 'GET _middleware 401': 1 })
    },
  },
  {
    sentence: 'a 404 that a route answers is the route, one that it leaves to others is none',
    async run(world) {
      world.app.get('/items/:id', async (_request, reply) => reply.code(404).send('no such item'))
      world.app.get('/passed/:id', async (_request, reply) => reply.callNotFound())
      await world.gives({ '/items/1': 404, '/passed/1': 404 }, { 'GET /items/:id 404': 1, 'GET _unmatched 404': 1 })
    },
  },
  {
    sentence: 'what is injected is recorded like a request',
    async run(world) {
      const { app } = world
      app.get('/items/:id', ok)
      app.get('/broken', async () => {
        throw new Error('broken')
      })
      for (const path of ['/items/1', '/nothing', '/broken']) await app.inject(path)
      await settled(world.monitor, { 'GET /items/:id 200': 1, 'GET _unmatched 404': 1, 'GET /broken 500': 1 })
      await world.hasErrors({ 'GET _unmatched not_found': 1, 'GET /broken exception': 1 })
      await app.close()
    },
    cannot: {
      [PRELOADED]: {
        reason: 'What is injected comes to no server, and the preload sees servers.',
        async instead(world) {
          world.app.get('/items/:id', ok)
          expect((await world.app.inject('/items/1')).statusCode).toBe(200)
          await world.gives({ '/items/1': 200 }, { 'GET /items/:id 200': 1 })
        },
      },
    },
  },
]

/** What routes are called on Fastify. */
export const ON_FASTIFY: Chapter<OnFastify> = {
  title: 'Routes on Fastify',
  about: 'A route is its `url` with the prefixes of its plugins, whoever answers for it.',
  subjects: routesSubjects({
    [FASTIFY]: async (monitor, isPreloaded) => {
      const app = fastify({ forceCloseConnections: true })
      if (!isPreloaded) await app.register(prometheus, { monitor })
      return new Routes(app as FastifyInstance, monitor, async served => {
        await served.listen({ host: '127.0.0.1', port: 0 })
        return { url: await listening(served.server), close: () => served.close() }
      })
    },
  }),
  laws: [...PREFIXES, ...MATCHING, ...BESIDE],
}
