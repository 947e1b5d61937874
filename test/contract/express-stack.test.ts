import { createServer } from 'node:http'
import { createMonitor, type Monitor } from '@promherd/core'
import { prometheus } from '@promherd/express'
import type { Express as App, Request, RequestHandler, Response } from 'express'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from './client.ts'
import { VERSIONS } from './harnesses/express.ts'
import { errorsOf, internalErrorsOf, settled } from './reading.ts'
import { closing, listening, Stage } from './stage.ts'

/** The stack of a router belongs to the application: changes of its layers have the same effect as without promherd. */
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
    expect(await internalErrorsOf(monitor)).toEqual({})
    await monitor.close()
  })

  const ok = (_request: Request, response: Response): void => void response.send('ok')
  const statusesOf = async (...paths: string[]): Promise<number[]> => {
    const statuses: number[] = []
    for (const path of paths) statuses.push((await ask(url + path)).status)
    return statuses
  }

  test('requests and responses have the same properties as without promherd, in the same order', async () => {
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

  test('middleware before the adapter is not recorded, at the first request and later', async () => {
    app.get('/health', ok)
    app.use(prometheus({ monitor }))
    app.get('/items/:id', ok)
    const paths = ['/health', '/items/1', '/health', '/items/2']
    expect(await statusesOf(...paths)).toEqual([200, 200, 200, 200])
    await settled(monitor, { 'GET /items/:id 200': 2 })
  })

  test('mounted at a path, it records only requests below that path', async () => {
    app.use('/api', prometheus({ monitor }))
    app.get('/items/:id', ok)
    app.get('/api/items/:id', ok)
    expect(await statusesOf('/api/items/1', '/items/1', '/api/items/2', '/items/2')).toEqual([200, 200, 200, 200])
    await settled(monitor, { 'GET /api/items/:id 200': 2 })
  })

  test('in a mounted application, it records only the requests of that application', async () => {
    const inner = express()
    inner.use(prometheus({ monitor }))
    inner.get('/items/:id', ok)
    app.use('/shop', inner)
    app.get('/items/:id', ok)
    expect(await statusesOf('/shop/items/1', '/items/1', '/shop/items/2', '/items/2')).toEqual([200, 200, 200, 200])
    await settled(monitor, { 'GET /shop/items/:id 200': 2 })
  })

  /** The stack of the application. In Express 4 it is another property. */
  const stackOf = (of: App): { handle: unknown; route?: { path: string } | undefined }[] =>
    (of as unknown as { _router?: typeof of.router })._router?.stack ?? of.router.stack

  test('the stack is the same array with the same layers, before the first request and after', async () => {
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

  test('routes can be replaced at run time by changing the array of the stack', async () => {
    app.use(prometheus({ monitor }))
    const stack = stackOf(app)
    const before = stack.length
    app.get('/first/:id', ok)
    expect(await statusesOf('/first/1')).toEqual([200])
    // Through the stored array, as packages do that reload routes.
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

  test('a stack that is replaced by a copy is served and recorded', async () => {
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

  test('removed from the stack, the middleware records no requests; put back, it has its new position', async () => {
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

  test('an error that no layer handles is recorded: from the last layer, a parameter, a mounted application', async () => {
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

  test('open requests reach all handlers while the next request is prepared', async () => {
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

  test('`ignore` receives the request as Express has changed it, at the first request and later', async () => {
    app.use(prometheus({ monitor, ignore: request => request.path === '/health' }))
    app.get(['/health', '/items'], ok)
    expect(await statusesOf('/health?a', '/items?a', '/health?b', '/items?b')).toEqual([200, 200, 200, 200])
    await settled(monitor, { 'GET /health|/items 200': 2 })
  })

  test('a property that the application adds to all requests is the same as without promherd', async () => {
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
