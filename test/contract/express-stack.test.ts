import { createServer } from 'node:http'
import { createMonitor, type Monitor } from '@promherd/core'
import { prometheus } from '@promherd/express'
import type { Express as App, Request, RequestHandler, Response } from 'express'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from './client.ts'
import { VERSIONS } from './harnesses/express.ts'
import { errorsOf, settled, troublesOf } from './reading.ts'
import { closing, listening, Stage } from './stage.ts'

/** The stack of a router is the application's: what it does with the layers has the effect that it has without us. */
describe.each(Object.entries(VERSIONS))('the stack of %s', (name, express) => {
  let monitor: Monitor
  let app: App
  let close: () => Promise<void>
  let url: string

  beforeEach(async () => {
    monitor = createMonitor({ storage: 'memory' })
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
    app.use((_request, _response, next) => next())
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

  /** What the application sees as its stack; Express 4 has it elsewhere. */
  const stackOf = (of: App): { handle: unknown; route?: { path: string } | undefined }[] =>
    (of as unknown as { _router?: typeof of.router })._router?.stack ?? of.router.stack

  test('it is the same list with the same layers, before the first request and after', async () => {
    const inner = express().get('/items/:id', ok)
    const router = express.Router().get('/items/:id', ok)
    const recorded = prometheus({ monitor })
    app.use(recorded)
    app.use('/shop', inner)
    app.use('/api', router)
    const lists = [stackOf(app), stackOf(inner), router.stack]
    const layers = lists.map(list => [...list])
    expect(await statusesOf('/shop/items/1', '/api/items/1', '/none', '/api/items/2')).toEqual([200, 200, 404, 200])
    expect([stackOf(app), stackOf(inner), router.stack].map((list, i) => list === lists[i])).toEqual([true, true, true])
    expect(lists).toEqual(layers)
    expect(stackOf(app).map(({ handle }) => handle)).toContain(recorded)
    await settled(monitor, { 'GET /shop/items/:id 200': 1, 'GET /api/items/:id 200': 2, 'GET _unmatched 404': 1 })
  })

  test('routes are replaced while it runs: what a kept list is cut to and filled with is served', async () => {
    app.use(prometheus({ monitor }))
    const stack = stackOf(app)
    const before = stack.length
    app.get('/first/:id', ok)
    expect(await statusesOf('/first/1')).toEqual([200])
    // Through the list that was kept, as packages do that load routes anew.
    stack.splice(before)
    app.get('/second/:id', ok)
    expect(await statusesOf('/first/1', '/second/1')).toEqual([404, 200])
    const popped = stack.pop()
    expect(popped?.route?.path).toBe('/second/:id')
    expect(await statusesOf('/second/1')).toEqual([404])
    stack.push(popped!)
    expect(await statusesOf('/second/1')).toEqual([200])
    await settled(monitor, {
      'GET /first/:id 200': 1,
      'GET _unmatched 404': 2,
      'GET /second/:id 200': 2,
    })
  })

  test('a stack that is copied into another list and set again is served and recorded', async () => {
    app.use(prometheus({ monitor }))
    app.get('/items/:id', ok)
    expect(await statusesOf('/items/1')).toEqual([200])
    const router = (app as unknown as { _router?: typeof app.router })._router ?? app.router
    const layers = router.stack
    router.stack = layers.filter(({ route }) => route === undefined)
    expect(await statusesOf('/items/1')).toEqual([404])
    router.stack = [...layers]
    expect(await statusesOf('/items/1')).toEqual([200])
    await settled(monitor, { 'GET /items/:id 200': 2, 'GET _unmatched 404': 1 })
  })

  test('taken out of the stack the middleware records no more, and is where it was put when it is put back', async () => {
    app.use((_request, _response, next) => next())
    app.use(prometheus({ monitor }))
    app.get('/items/:id', ok)
    const stack = stackOf(app)
    const at = stack.length - 2
    expect(await statusesOf('/items/1', '/items/2')).toEqual([200, 200])
    const [layer] = stack.splice(at, 1)
    expect(await statusesOf('/items/3')).toEqual([200])
    stack.splice(at, 0, layer!)
    expect(await statusesOf('/items/4')).toEqual([200])
    await settled(monitor, { 'GET /items/:id 200': 3 })
  })

  test('a handler that is replaced in its layer, as a mock does, is called and recorded', async () => {
    app.use(prometheus({ monitor }))
    app.get('/items/:id', ok)
    expect(await statusesOf('/items/1')).toEqual([200])
    const [layer] = (stackOf(app).at(-1)!.route as unknown as { stack: { handle: RequestHandler }[] }).stack
    layer!.handle = (_request, response) => void response.status(202).send('mocked')
    expect(await statusesOf('/items/1')).toEqual([202])
    await settled(monitor, { 'GET /items/:id 200': 1, 'GET /items/:id 202': 1 })
  })

  test('an error that no layer is there for is seen: of the last layer, a parameter, a mounted application', async () => {
    const inner = express()
    inner.get('/broken', broken)
    inner.set('env', 'test')
    app.use(prometheus({ monitor }))
    app.param('id', (_request, _response, next) => next(Object.assign(new Error('none'), { status: 410 })))
    app.get('/items/:id', ok)
    app.use('/shop', inner)
    app.get('/broken', broken)
    const paths = ['/broken', '/shop/broken', '/items/1']
    expect(await statusesOf(...paths, ...paths)).toEqual([500, 500, 410, 500, 500, 410])
    await settled(monitor, { 'GET /broken 500': 2, 'GET /shop/broken 500': 2, 'GET /items/:id 410': 2 })
    expect(await errorsOf(monitor)).toEqual({
      'GET /broken exception': 2,
      'GET /shop/broken exception': 2,
      'GET /items/:id not_found': 2,
    })
  })

  test('requests that are under way when the next one is shaped miss no handler', async () => {
    const stage = new Stage()
    const called: string[] = []
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
    const other = createMonitor({ storage: 'memory' })
    app.use(prometheus({ monitor }), prometheus({ monitor: other }))
    app.get('/items/:id', ok)
    expect(await statusesOf('/items/1', '/items/2', '/items/3')).toEqual([200, 200, 200])
    await settled(monitor, { 'GET /items/:id 200': 3 })
    await settled(other, { 'GET /items/:id 200': 3 })
    await other.close()
  })

  test('`ignore` is shown what Express makes of a request, at the first request and later', async () => {
    app.use(prometheus({ monitor, ignore: request => request.path === '/health' }))
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

/** The keys of an object, own and inherited. */
function namesOf(object: object): string[] {
  const names = Reflect.ownKeys(object).map(String)
  for (const name in object) names.push(name)
  return names
}

function broken(): never {
  throw new Error('broken')
}
