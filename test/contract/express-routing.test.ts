import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { createMonitor, instrumentServer, type Monitor } from '@promherd/core'
import { prometheus } from '@promherd/express'
import express5, { type Express as App, type ErrorRequestHandler, type Request, type Response } from 'express'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from './client.ts'
import type { Express } from './express-harness.ts'
import { errorsOf, settled, troublesOf } from './reading.ts'
import { closing, listening } from './stage.ts'

const express4 = createRequire(import.meta.url)('express4') as Express

describe.each([
  ['Express 5', express5],
  ['Express 4', express4],
])('routes as %s has them', (_name, express) => {
  let monitor: Monitor
  let app: App

  beforeEach(() => {
    monitor = createMonitor({ slab: 'heap' })
    app = express()
    app.set('env', 'test')
    app.use(prometheus({ monitor }))
  })

  afterEach(async () => {
    expect(await troublesOf(monitor)).toEqual({})
    await monitor.close()
  })

  /** Asks for each path and expects its status, then what has been recorded. */
  async function gives(answers: Record<string, number>, requests: Record<string, number>): Promise<void> {
    const server = createServer(app)
    const url = await listening(server)
    for (const [path, status] of Object.entries(answers))
      expect([path, (await ask(url + path)).status]).toEqual([path, status])
    await settled(monitor, requests)
    await closing(server)
  }

  const ok = (_request: Request, response: Response): void => void response.send('ok')
  const broken = (): never => {
    throw new Error('broken')
  }
  const asJson: ErrorRequestHandler = (error: Error, _request, response, _next) => {
    response.status(500).json({ message: error.message })
  }

  test('the root of a router is the path that it is mounted at', async () => {
    app.use('/api', express.Router().get('/', ok))
    app.get('/', ok)
    await gives({ '/api': 200, '/api/': 200, '/': 200 }, { 'GET /api 200': 2, 'GET / 200': 1 })
  })

  test('an error of a nested router keeps its template when the application answers it', async () => {
    const router = express.Router().get('/items/:id', broken)
    app.use('/users/:user', express.Router().use('/deep', router))
    app.use(asJson)
    await gives({ '/users/1/deep/items/2': 500 }, { 'GET /users/:user/deep/items/:id 500': 1 })
    expect(await errorsOf(monitor)).toEqual({ 'GET /users/:user/deep/items/:id exception': 1 })
  })

  test('a 404 that a route throws is the route, one that it passes on is none', async () => {
    app.get('/missing/:id', () => {
      throw Object.assign(new Error('missing'), { status: 404 })
    })
    app.get('/passed/:id', (_request, _response, next) => next())
    await gives({ '/missing/1': 404, '/passed/1': 404 }, { 'GET /missing/:id 404': 1, 'GET _unmatched 404': 1 })
  })

  test('a 404 that the last middleware answers after a route has passed it on is none', async () => {
    app.use(
      '/api',
      express.Router().get('/passed/:id', (_request, _response, next) => next()),
    )
    app.use((_request, response) => void response.status(404).send('nothing here'))
    await gives({ '/api/passed/1': 404, '/other': 404 }, { 'GET _unmatched 404': 2 })
  })

  test('a route whose answer a middleware writes is still the route', async () => {
    app.get('/pages/:name', (_request, response, next) => {
      response.locals['page'] = 'text'
      next()
    })
    app.use((_request, response) => void response.send(response.locals['page']))
    await gives({ '/pages/one': 200 }, { 'GET /pages/:name 200': 1 })
  })

  test('a 404 of the route itself is the route', async () => {
    app.get('/items/:id', (_request, response) => void response.status(404).send('no such item'))
    await gives({ '/items/1': 404 }, { 'GET /items/:id 404': 1 })
  })

  test('a router that is mounted twice has two templates', async () => {
    const router = express.Router().get('/items/:id', ok)
    app.use('/one', router)
    app.use('/two/:tenant', router)
    const requests = { 'GET /one/items/:id 200': 1, 'GET /two/:tenant/items/:id 200': 2 }
    await gives({ '/one/items/1': 200, '/two/a/items/1': 200, '/two/b/items/1': 200 }, requests)
  })

  test('an application that is mounted in another has the whole template', async () => {
    const inner = express()
    inner.use('/v1', express.Router().get('/items/:id', ok).get('/broken', broken))
    app.use('/shop/:name', inner)
    const requests = { 'GET /shop/:name/v1/items/:id 200': 1, 'GET /shop/:name/v1/broken 500': 1 }
    await gives({ '/shop/one/v1/items/1': 200, '/shop/two/v1/broken': 500 }, requests)
  })

  test('a router that is called by a function has no known prefix, and never the path', async () => {
    const router = express.Router().get('/items/:id', ok)
    app.use('/hidden/:tenant', (request, response, next) => router(request, response, next))
    await gives({ '/hidden/1/items/1': 200, '/hidden/2/items/1': 200 }, { 'GET /*/items/:id 200': 2 })
  })

  test('lists of paths and expressions are labelled as they are written', async () => {
    app.get(['/one', '/two'], ok)
    app.get(/^\/number-\d+$/, ok)
    app.use(['/left', '/right'], express.Router().get('/items/:id', ok))
    const requests = {
      'GET /one|/two 200': 2,
      'GET /^\\/number-\\d+$/ 200': 2,
      'GET /left|/right/items/:id 200': 1,
    }
    await gives({ '/one': 200, '/two': 200, '/number-1': 200, '/number-2': 200, '/right/items/1': 200 }, requests)
  })

  test('a parameter that cannot be loaded is a failure of its route', async () => {
    app.param('id', (_request, _response, next) => next(Object.assign(new Error('no such id'), { status: 404 })))
    app.get('/items/:id', ok)
    await gives({ '/items/1': 404 }, { 'GET /items/:id 404': 1 })
  })

  test('a route that is added later is known', async () => {
    await gives({ '/late/1': 404 }, { 'GET _unmatched 404': 1 })
    app.get('/late/:id', ok)
    await gives({ '/late/1': 200 }, { 'GET _unmatched 404': 1, 'GET /late/:id 200': 1 })
  })

  test('used twice, it counts once', async () => {
    app.use(prometheus({ monitor }))
    app.use('/api', prometheus({ monitor }), express.Router().get('/items/:id', ok))
    await gives({ '/api/items/1': 200 }, { 'GET /api/items/:id 200': 1 })
  })

  test('inside a server that is followed itself, it counts once and gives the routes', async () => {
    app.get('/items/:id', ok)
    const server = createServer(app)
    instrumentServer(server, { monitor })
    const url = await listening(server)
    for (const path of ['/items/1', '/nothing']) await ask(url + path)
    await settled(monitor, { 'GET /items/:id 200': 1, 'GET _unmatched 404': 1 })
    await closing(server)
  })

  test('request.route is what it is without us', async () => {
    let seen: unknown
    app.use((request, _response, next) => {
      expect(request.route).toBeUndefined()
      next()
    })
    app.get('/items/:id', (request, response) => {
      seen = request.route.path
      response.send('ok')
    })
    await gives({ '/items/1': 200 }, { 'GET /items/:id 200': 1 })
    expect(seen).toBe('/items/:id')
  })
})
