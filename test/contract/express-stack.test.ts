import { createServer } from 'node:http'
import { createMonitor, type Monitor } from '@promherd/core'
import { prometheus } from '@promherd/express'
import type { Express as App, Request, RequestHandler, Response } from 'express'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from './client.ts'
import { VERSIONS } from './harnesses/express.ts'
import { settled, troublesOf } from './reading.ts'
import { closing, listening, Stage } from './stage.ts'

/** Where nothing stands before it, the middleware leaves the router: nobody may see that but the clock. */
describe.each(Object.entries(VERSIONS))('at the front of %s', (name, express) => {
  let monitor: Monitor
  let app: App
  let close: () => Promise<void>
  let url: string

  beforeEach(async () => {
    monitor = createMonitor({ slab: 'heap' })
    app = express()
    app.set('env', 'test')
    const server = createServer((request, response) => app(request, response))
    url = await listening(server)
    close = () => closing(server)
  })

  afterEach(async () => {
    await close()
    expect(await troublesOf(monitor)).toEqual({})
    await monitor.close()
  })

  const ok = (_request: Request, response: Response): void => void response.send('ok')
  const statusesOf = async (...paths: string[]): Promise<number[]> => {
    const statuses: number[] = []
    for (const path of paths) statuses.push((await ask(url + path)).status)
    return statuses
  }

  test('requests and responses have the properties that they have without us, in the same order', async () => {
    const seen: string[][] = []
    const look: RequestHandler = (request, response, next) => {
      seen.push([...namesOf(request), ...namesOf(response), request.url, request.baseUrl, request.originalUrl])
      next()
    }
    const addAll = (to: App): void => {
      to.use(look)
      to.use('/api', express.Router().get('/items/:id', look, ok))
    }
    app.use(prometheus({ monitor }))
    addAll(app)
    for (let i = 0; i < 3; i++) expect(await statusesOf('/api/items/1?q=1')).toEqual([200])
    const withUs = seen.splice(0)
    app = express()
    addAll(app)
    for (let i = 0; i < 3; i++) expect(await statusesOf('/api/items/1?q=1')).toEqual([200])
    expect(withUs).toEqual(seen)
    await settled(monitor, { 'GET /api/items/:id 200': 3 })
  })

  test('what stands before it is not recorded, at the first request and later', async () => {
    app.get('/health', ok)
    app.use(prometheus({ monitor }))
    app.get('/items/:id', ok)
    const paths = ['/health', '/items/1', '/health', '/items/2']
    expect(await statusesOf(...paths)).toEqual([200, 200, 200, 200])
    await settled(monitor, { 'GET /items/:id 200': 2 })
  })

  test('under a path it records what is under that path', async () => {
    app.use('/api', prometheus({ monitor }))
    app.get('/items/:id', ok)
    app.get('/api/items/:id', ok)
    expect(await statusesOf('/api/items/1', '/items/1', '/api/items/2', '/items/2')).toEqual([200, 200, 200, 200])
    await settled(monitor, { 'GET /api/items/:id 200': 2 })
  })

  test('in an application that is mounted it records what comes there', async () => {
    const inner = express()
    inner.use(prometheus({ monitor }))
    inner.get('/items/:id', ok)
    app.use('/shop', inner)
    app.get('/items/:id', ok)
    expect(await statusesOf('/shop/items/1', '/items/1', '/shop/items/2', '/items/2')).toEqual([200, 200, 200, 200])
    await settled(monitor, { 'GET /shop/items/:id 200': 2 })
  })

  test('requests that are under way when it leaves the router miss no handler', async () => {
    const stage = new Stage()
    const called: string[] = []
    // It leaves with the first request, which then waits in the middle of the list that it began with.
    app.use(prometheus({ monitor }))
    app.use((request, _response, next) => {
      if (request.url === '/slow') void stage.hold().then(() => next())
      else next()
    })
    app.use((request, _response, next) => {
      called.push(request.url)
      next()
    })
    app.get(['/slow', '/fast'], ok)
    const slow = statusesOf('/slow')
    await expect.poll(() => stage.entered).toBe(1)
    expect(await statusesOf('/fast')).toEqual([200])
    stage.release()
    expect(await slow).toEqual([200])
    expect(called).toEqual(['/fast', '/slow'])
    await settled(monitor, { 'GET /slow|/fast 200': 2 })
  })

  test('two monitors of one application each count every request', async () => {
    const other = createMonitor({ slab: 'heap' })
    app.use(prometheus({ monitor }), prometheus({ monitor: other }))
    app.get('/items/:id', ok)
    expect(await statusesOf('/items/1', '/items/2', '/items/3')).toEqual([200, 200, 200])
    await settled(monitor, { 'GET /items/:id 200': 3 })
    await settled(other, { 'GET /items/:id 200': 3 })
    await other.close()
  })

  test('`ignore` is shown what Express makes of a request, at the first request and later', async () => {
    app.use(prometheus({ monitor, ignore: request => (request as Request).path === '/health' }))
    app.get(['/health', '/items'], ok)
    expect(await statusesOf('/health?a', '/items?a', '/health?b', '/items?b')).toEqual([200, 200, 200, 200])
    await settled(monitor, { 'GET /health|/items 200': 2 })
  })

  test('a property that the application gives all requests is what it is without us', async () => {
    const bodies: string[] = []
    for (const middlewares of [[], [prometheus({ monitor })]]) {
      app = express()
      Object.defineProperty(app.request, 'params', { get: () => ({ id: 'of the application' }), set: () => {} })
      for (const middleware of middlewares) app.use(middleware)
      app.get('/items/:id', (request, response) => void response.send(request.params.id))
      for (let i = 0; i < 2; i++) bodies.push((await ask(`${url}/items/1`)).body)
    }
    expect(new Set(bodies)).toEqual(new Set([name === 'Express 5' ? 'of the application' : '1']))
    await settled(monitor, { 'GET /items/:id 200': 2 })
  })
})

/** The names of own properties, but for `route`, which all requests have from their prototype with us. */
function namesOf(object: object): string[] {
  return Reflect.ownKeys(object)
    .filter(name => typeof name === 'string' && name !== 'route')
    .map(String)
}
