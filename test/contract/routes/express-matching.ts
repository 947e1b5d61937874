import { expect } from 'vitest'
import type { Law } from '../law.ts'
import { type OnExpress, ok } from './express-world.ts'

/** How a path may be written, and how it may be asked for. */
export const MATCHING: readonly Law<OnExpress>[] = [
  {
    sentence: 'a path in another case, or with a trailing slash, has the same template',
    async run(world) {
      const { app, express } = world
      app.get('/items/:id', ok)
      app.use('/api/:v', express.Router().get('/Users', ok))
      const requests = { 'GET /items/:id 200': 3, 'GET /api/:v/Users 200': 2 }
      await world.gives(
        { '/ITEMS/1': 200, '/items/1/': 200, '/Items/A': 200, '/API/1/users': 200, '/api/2/USERS/': 200 },
        requests,
      )
    },
  },
  {
    sentence: 'a HEAD request that a GET route handles has that route',
    async run(world) {
      const { app, express } = world
      app.use('/api', express.Router().get('/items/:id', ok))
      await world.gives({ 'HEAD /api/items/1': 200 }, { 'HEAD /api/items/:id 200': 1 })
    },
  },
  {
    sentence:
      'an OPTIONS response that the router sends itself has the mount path of the router, or _middleware at the root',
    async run(world) {
      const { app, express } = world
      app.use('/api/:v', express.Router().get('/items/:id', ok))
      app.get('/items/:id', ok)
      app.options('/own/:id', ok)
      const requests = { 'OPTIONS /api/:v 200': 1, 'OPTIONS _middleware 200': 1, 'OPTIONS /own/:id 200': 1 }
      await world.gives({ 'OPTIONS /api/1/items/1': 200, 'OPTIONS /items/1': 200, 'OPTIONS /own/1': 200 }, requests)
    },
  },
  {
    sentence: 'a parameter with a regular expression is labelled as it is written, or by its name in a mount path',
    async run(world) {
      const { app, express } = world
      app.get('/items/:id(\\d+)', ok)
      app.use('/:tenant(\\d+)', express.Router().get('/users/:id?', ok))
      const requests = { 'GET /items/:id(\\d+) 200': 1, 'GET /:tenant/users/:id? 200': 2, 'GET _unmatched 404': 1 }
      await world.gives({ '/items/1': 200, '/items/x': 404, '/7/users/8': 200, '/8/users': 200 }, requests)
    },
    cannot: {
      'Express 5': {
        reason: 'Express 5 has no such paths and throws when such a route is added.',
        async instead({ app }) {
          expect(() => app.get('/items/:id(\\d+)', ok)).toThrow()
        },
      },
    },
  },
  {
    sentence: 'named wildcards and optional parts are labelled as they are written',
    async run(world) {
      const { app, express } = world
      app.get('/files/*path', ok)
      app.get('/pages{/:page}', ok)
      app.use('/*tenant/in', express.Router().get('/items/:id', ok))
      const requests = { 'GET /files/*path 200': 2, 'GET /pages{/:page} 200': 2, 'GET /*tenant/in/items/:id 200': 1 }
      const answers = { '/files/a': 200, '/files/a/b': 200, '/pages': 200, '/pages/1': 200, '/a/b/in/items/1': 200 }
      await world.gives(answers, requests)
    },
    cannot: {
      'Express 4': {
        reason: 'Express 4 has only wildcards without a name.',
        async instead(world) {
          const { app, express } = world
          app.get('/files/*', ok)
          app.use('/*/in', express.Router().get('/items/:id', ok))
          const requests = { 'GET /files/* 200': 2, 'GET /*/in/items/:id 200': 1 }
          await world.gives({ '/files/a': 200, '/files/a/b': 200, '/a/b/in/items/1': 200 }, requests)
        },
      },
    },
  },
  {
    sentence: 'a route for all methods is a route',
    async run(world) {
      world.app.all('/any/:id', ok)
      await world.gives({ '/any/1': 200, 'POST /any/1': 200 }, { 'GET /any/:id 200': 1, 'POST /any/:id 200': 1 })
    },
  },
  {
    sentence: 'a rewritten path has the route that matches the new path',
    async run(world) {
      const { app, express } = world
      app.use((request, _response, next) => {
        request.url = request.url.replace(/^\/old\/(\w+)$/, '/new/items/$1')
        next()
      })
      app.use('/new', express.Router().get('/items/:id', ok))
      await world.gives({ '/old/1': 200, '/old/2': 200 }, { 'GET /new/items/:id 200': 2 })
    },
  },
  {
    sentence: 'a path that cannot be decoded has no route',
    async run(world) {
      world.app.get('/items/:id', ok)
      await world.gives({ '/items/%zz': 400, '/items/%c0%af': 400 }, { 'GET _middleware 400': 2 })
    },
  },
]
