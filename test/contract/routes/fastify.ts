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

/** The status of the response to a request for a host. */
async function statusFor(url: string, host: string): Promise<number> {
  const sent = request(url, { agent: false, headers: { host } }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode!
}

function refused(): Error {
  return Object.assign(new Error('unauthorized'), { statusCode: 401 })
}

const PREFIXES: readonly Law<OnFastify>[] = [
  {
    sentence: 'nested plugins have all of their prefixes, including parameters',
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
    sentence: 'routes that were added to the instance before the plugin are recorded',
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
    sentence: 'registered in a nested plugin, the adapter records only the routes of that plugin',
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
    sentence: 'wildcards, regular expressions and optional parameters are labelled as they are written',
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
    sentence: 'a HEAD request that a GET route handles has that route',
    async run(world) {
      world.app.get('/items/:id', ok)
      await world.gives({ 'HEAD /items/1': 200 }, { 'HEAD /items/:id 200': 1 })
    },
  },
  {
    sentence: 'a method without a route at that path is _unmatched',
    async run(world) {
      world.app.get('/items/:id', ok)
      const requests = { 'PUT _unmatched 404': 1, 'OPTIONS _unmatched 404': 1 }
      await world.gives({ 'PUT /items/1': 404, 'OPTIONS /items/1': 404 }, requests)
    },
  },
  {
    sentence: 'a route with several versions has one template',
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
        reason: 'Fastify calls no hook before it refuses such a request. `instrumentServer(app.server)` records it.',
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
        reason: 'Fastify calls no hook before it refuses such a request. It is recorded with the route `_unknown`.',
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
    sentence: 'a response from a hook before the handler has the matched route',
    async run(world) {
      const { app } = world
      app.register(
        async admin => {
          admin.addHook('onRequest', async (_request, reply) => reply.code(401).send('unauthorized'))
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
    sentence: 'a 404 from a not-found handler is _unmatched, in a plugin too',
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
    sentence: 'any other response from a not-found handler is _middleware',
    async run(world) {
      world.app.setNotFoundHandler(async (_request, reply) => reply.code(200).send('the one page'))
      world.app.addHook('preHandler', async (request, reply) => {
        if (request.url === '/closed') await reply.code(401).send('unauthorized')
      })
      await world.gives({ '/any/page': 200, '/closed': 401 }, { 'GET _middleware 200': 1, 'GET _middleware 401': 1 })
    },
  },
  {
    sentence: 'a 404 from a route has the route, one after `callNotFound` has none',
    async run(world) {
      world.app.get('/items/:id', async (_request, reply) => reply.code(404).send('no such item'))
      world.app.get('/passed/:id', async (_request, reply) => reply.callNotFound())
      await world.gives({ '/items/1': 404, '/passed/1': 404 }, { 'GET /items/:id 404': 1, 'GET _unmatched 404': 1 })
    },
  },
  {
    sentence: 'an injected request is recorded like others',
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
        reason: 'An injected request reaches no server, and the preload observes servers.',
        async instead(world) {
          world.app.get('/items/:id', ok)
          expect((await world.app.inject('/items/1')).statusCode).toBe(200)
          await world.gives({ '/items/1': 200 }, { 'GET /items/:id 200': 1 })
        },
      },
    },
  },
]

/** The labels of routes on Fastify. */
export const ON_FASTIFY: Chapter<OnFastify> = {
  title: 'Routes on Fastify',
  about: 'A route is its `url` with the prefixes of its plugins, whichever hook or handler responds.',
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
