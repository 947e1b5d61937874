import { createAdaptorServer } from '@hono/node-server'
import { createMonitor, type Monitor } from '@promherd/core'
import { prometheus } from '@promherd/hono'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { matchedRoutes, routePath } from 'hono/route'
import { LinearRouter } from 'hono/router/linear-router'
import { RegExpRouter } from 'hono/router/reg-exp-router'
import { TrieRouter } from 'hono/router/trie-router'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from './client.ts'
import { errorsOf, internalErrorsOf, settled } from './reading.ts'
import { closing, listening } from './stage.ts'

/** The middleware is a part of the application and does not change other middleware. */
describe('the middleware of Hono', () => {
  let monitor: Monitor
  let app: Hono
  let close: () => Promise<void>
  let url: string

  beforeEach(async () => {
    monitor = createMonitor({ storage: 'memory' })
    app = new Hono()
    const server = createAdaptorServer({ fetch: (...parts: Parameters<typeof app.fetch>) => app.fetch(...parts) })
    url = await listening(server as Parameters<typeof listening>[0])
    close = () => closing(server as Parameters<typeof closing>[0])
  })

  afterEach(async () => {
    await close()
    expect(await internalErrorsOf(monitor)).toEqual({})
    await monitor.close()
  })

  const ok = (context: Context): Response => context.text('ok')
  const statusesOf = async (...paths: string[]): Promise<number[]> => {
    const statuses: number[] = []
    for (const path of paths) statuses.push((await ask(url + path)).status)
    return statuses
  }

  test('handlers receive the same parameters and routes as behind any other middleware', async () => {
    const seen: unknown[] = []
    const look = (context: Context): void =>
      void seen.push([context.req.param(), context.req.param('id'), routePath(context), context.req.routeIndex])
    const addAll = (to: Hono): void => {
      to.use('/:area/*', async (context, next) => {
        look(context)
        await next()
        look(context)
      })
      to.get('/shop/:id/:part', async (context, next) => {
        look(context)
        await next()
      })
      to.get('/shop/:id/*', context => {
        look(context)
        seen.push(matchedRoutes(context).map(({ path }) => path))
        return context.text('ok')
      })
    }
    app.use((_context, next) => next())
    addAll(app)
    expect(await statusesOf('/shop/1/a', '/shop/2/b')).toEqual([200, 200])
    const without = seen.splice(0)
    app = new Hono()
    app.use(prometheus({ monitor }))
    addAll(app)
    expect(await statusesOf('/shop/1/a', '/shop/2/b')).toEqual([200, 200])
    expect(seen).toEqual(without)
    await settled(monitor, { 'GET /shop/:id/* 200': 2 })
  })

  test('responses before the middleware are counted without a route, once a request has made the server known', async () => {
    app.get('/health', ok)
    app.use(prometheus({ monitor }))
    app.get('/items/:id', ok)
    expect(await statusesOf('/health', '/items/1', '/health', '/items/2')).toEqual([200, 200, 200, 200])
    await settled(monitor, { 'GET /items/:id 200': 2, 'GET _middleware 200': 1 })
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

  test('an error that a handler throws, immediately or later, has the same response as without promherd, and its category', async () => {
    app.onError((error, context) => context.text('late', error instanceof TypeError ? 500 : 504))
    app.use(prometheus({ monitor }))
    app.get('/at-once', () => {
      throw new TypeError('at once')
    })
    app.get('/later', async () => {
      await null
      throw new DOMException('later', 'TimeoutError')
    })
    const paths = ['/at-once', '/later']
    expect(await statusesOf(...paths, ...paths)).toEqual([500, 504, 500, 504])
    await settled(monitor, { 'GET /at-once 500': 2, 'GET /later 504': 2 })
    expect(await errorsOf(monitor)).toEqual({ 'GET /at-once exception': 2, 'GET /later timeout': 2 })
  })

  test('a handler without a result has the same response as without promherd, at the first request and later', async () => {
    const nothing = (() => undefined) as unknown as typeof ok
    app.get('/nothing', nothing)
    expect(await statusesOf('/nothing')).toEqual([404])
    app = new Hono()
    app.use(prometheus({ monitor }))
    app.get('/nothing', nothing)
    expect(await statusesOf('/nothing', '/nothing')).toEqual([404, 404])
    await settled(monitor, { 'GET /nothing 404': 2 })
  })

  test('behind another middleware, a handler without a result fails as without promherd', async () => {
    app.onError((error, context) => context.text(error.message, 500))
    const first: MiddlewareHandler = (_context, next) => next().then(() => undefined)
    app.use(first, prometheus({ monitor }))
    app.get('/nothing', (() => undefined) as unknown as typeof ok)
    const { status, body } = await ask(`${url}/nothing`)
    expect([status, body]).toEqual([500, expect.stringContaining('Context is not finalized')])
    await settled(monitor, { 'GET /nothing 500': 1 })
  })

  test('an application also counts requests without a connection', async () => {
    app.use(prometheus({ monitor }))
    app.get('/items/:id', ok)
    app.get('/nothing', (() => undefined) as unknown as typeof ok)
    expect(await statusesOf('/items/1', '/items/2', '/nothing')).toEqual([200, 200, 404])
    expect((await app.request('/items/3')).status).toBe(200)
    expect((await app.request('/nothing')).status).toBe(404)
    await settled(monitor, { 'GET /items/:id 200': 3, 'GET /nothing 404': 2 })
  })

  test.each([
    ['LinearRouter', LinearRouter],
    ['TrieRouter', TrieRouter],
    ['RegExpRouter', RegExpRouter],
    ['SmartRouter', undefined],
  ])('under %s the list of handlers is the one that the application made', async (_name, Router) => {
    app = new Hono(Router === undefined ? {} : { router: new Router() })
    const recorded = prometheus({ monitor })
    app.use(recorded)
    app.get('/items/:id', ok)
    const listOf = (): unknown[] => app.router.match('GET', '/items/1')[0].map(([[handler]]) => handler)
    const handlers = app.routes.map(({ handler }) => handler)
    for (let i = 0; i < 3; i++) {
      expect(await statusesOf('/items/1')).toEqual([200])
      expect(listOf()).toEqual(handlers)
    }
    expect(handlers).toEqual([recorded, ok])
    await settled(monitor, { 'GET /items/:id 200': 3 })
  })
})
