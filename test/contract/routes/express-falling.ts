import { createServer } from 'node:http'
import { instrumentServer } from '@promherd/core'
import { prometheus } from '@promherd/express'
import type { ErrorRequestHandler } from 'express'
import { expect } from 'vitest'
import { ask } from '../client.ts'
import { preloadedName } from '../harnesses/preloading.ts'
import type { Law } from '../law.ts'
import { settled } from '../reading.ts'
import { closing, listening } from '../stage.ts'
import { broken, type OnExpress, ok } from './express-world.ts'

const asJson: ErrorRequestHandler = (error: Error, _request, response, _next) => {
  response.status(500).json({ message: error.message })
}

/** Routes that fail, that pass a request on, and that several adapters observe. */
export const FALLING: readonly Law<OnExpress>[] = [
  {
    sentence: 'an error of a nested router keeps its template if the application responds to it',
    async run(world) {
      const { app, express } = world
      const router = express.Router().get('/items/:id', broken)
      app.use('/users/:user', express.Router().use('/deep', router))
      app.use(asJson)
      await world.gives({ '/users/1/deep/items/2': 500 }, { 'GET /users/:user/deep/items/:id 500': 1 })
      await world.hasErrors({ 'GET /users/:user/deep/items/:id exception': 1 })
    },
  },
  {
    sentence: 'a 404 that a route throws has the route, one that it passes on has none',
    async run(world) {
      const { app } = world
      app.get('/missing/:id', () => {
        throw Object.assign(new Error('missing'), { status: 404 })
      })
      app.get('/passed/:id', (_request, _response, next) => next())
      await world.gives({ '/missing/1': 404, '/passed/1': 404 }, { 'GET /missing/:id 404': 1, 'GET _unmatched 404': 1 })
    },
  },
  {
    sentence: 'a 404 from the last middleware has no route, even after a route passed the request on',
    async run(world) {
      const { app, express } = world
      app.use(
        '/api',
        express.Router().get('/passed/:id', (_request, _response, next) => next()),
      )
      app.use((_request, response) => void response.status(404).send('nothing here'))
      await world.gives({ '/api/passed/1': 404, '/other': 404 }, { 'GET _unmatched 404': 2 })
    },
  },
  {
    sentence: 'a route keeps its template if a middleware writes its response',
    async run(world) {
      const { app } = world
      app.get('/pages/:name', (_request, response, next) => {
        response.locals['page'] = 'text'
        next()
      })
      app.use((_request, response) => void response.send(response.locals['page']))
      await world.gives({ '/pages/one': 200 }, { 'GET /pages/:name 200': 1 })
    },
  },
  {
    sentence: 'a 404 from the route itself has the route',
    async run(world) {
      const { app } = world
      app.get('/items/:id', (_request, response) => void response.status(404).send('no such item'))
      await world.gives({ '/items/1': 404 }, { 'GET /items/:id 404': 1 })
    },
  },
  {
    sentence: 'an error of a parameter callback is counted for its route',
    async run(world) {
      const { app } = world
      app.param('id', (_request, _response, next) => next(Object.assign(new Error('no such id'), { status: 404 })))
      app.get('/items/:id', ok)
      await world.gives({ '/items/1': 404 }, { 'GET /items/:id 404': 1 })
    },
  },
  {
    sentence: 'a route that is added later has its template',
    async run(world) {
      const { app } = world
      await world.gives({ '/late/1': 404 }, { 'GET _unmatched 404': 1 })
      app.get('/late/:id', ok)
      app.get('/passed/:id', (_request, _response, next) => next())
      await world.gives({ '/late/1': 200, '/passed/1': 404 }, { 'GET _unmatched 404': 2, 'GET /late/:id 200': 1 })
    },
    cannot: {
      [preloadedName('Express 4')]: {
        reason: 'Express 4 sets no property on a request while it has neither a route nor a middleware.',
        async instead(world) {
          const { app } = world
          await world.gives({ '/late/1': 404 }, { 'GET _unknown 404': 1 })
          app.get('/late/:id', ok)
          const requests = { 'GET _unknown 404': 1, 'GET _unmatched 404': 1, 'GET /late/:id 200': 1 }
          await world.gives({ '/late/1': 200, '/passed/1': 404 }, requests)
        },
      },
    },
  },
  {
    sentence: 'an adapter that is used twice counts each request once',
    async run(world) {
      const { app, express, monitor } = world
      app.use(prometheus({ monitor }))
      app.use('/api', prometheus({ monitor }), express.Router().get('/items/:id', ok))
      await world.gives({ '/api/items/1': 200 }, { 'GET /api/items/:id 200': 1 })
    },
  },
  {
    sentence: 'an adapter on a server that is already followed adds the routes, and each request is counted once',
    async run(world) {
      const { app, monitor } = world
      app.get('/items/:id', ok)
      const server = createServer(app)
      instrumentServer(server, { monitor: world.monitor })
      const url = await listening(server)
      for (const path of ['/items/1', '/nothing']) await ask(url + path)
      await settled(monitor, { 'GET /items/:id 200': 1, 'GET _unmatched 404': 1 })
      await closing(server)
    },
  },
  {
    sentence: '`request.route` is the same as without promherd',
    async run(world) {
      const { app } = world
      let seen: unknown
      app.use((request, _response, next) => {
        expect(request.route).toBeUndefined()
        next()
      })
      app.get('/items/:id', (request, response) => {
        seen = request.route.path
        response.send('ok')
      })
      await world.gives({ '/items/1': 200 }, { 'GET /items/:id 200': 1 })
      expect(seen).toBe('/items/:id')
    },
  },
  {
    sentence: 'if a router passes a request on, the route is that of the router that responds',
    async run(world) {
      const { app, express } = world
      app.use(
        '/api',
        express.Router().get('/:first', (_request, _response, next) => next()),
      )
      app.use(
        '/api',
        express.Router().get('/:second', (_request, _response, next) => next('router')),
      )
      app.use('/:version', express.Router().get('/:third', ok))
      await world.gives({ '/api/1': 200 }, { 'GET /:version/:third 200': 1 })
    },
  },
  {
    sentence: 'if a route passes a request on, the route is the next one that responds',
    async run(world) {
      const { app } = world
      app.get('/users/:id', (_request, _response, next) => next('route'), broken)
      app.get('/users/:name', ok)
      await world.gives({ '/users/1': 200 }, { 'GET /users/:name 200': 1 })
    },
  },
  {
    sentence: 'a rejected handler is counted as an error of its route',
    async run(world) {
      const { app, express } = world
      const router = express.Router().get('/items/:id', async () => broken())
      app.use('/users/:user', router)
      await world.gives({ '/users/1/items/2': 500 }, { 'GET /users/:user/items/:id 500': 1 })
      await world.hasErrors({ 'GET /users/:user/items/:id exception': 1 })
    },
    cannot: {
      'Express 4': {
        reason: 'Express 4 does not observe rejected promises. A handler must pass the error to `next`.',
        async instead(world) {
          const { app, express } = world
          const router = express.Router().get('/items/:id', (_request, _response, next) => {
            Promise.reject(new Error('broken')).catch(next)
          })
          app.use('/users/:user', router)
          await world.gives({ '/users/1/items/2': 500 }, { 'GET /users/:user/items/:id 500': 1 })
          await world.hasErrors({ 'GET /users/:user/items/:id exception': 1 })
        },
      },
    },
  },
]
