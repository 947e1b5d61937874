import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { createMonitor, type Monitor } from '@promherd/core'
import { prometheus } from '@promherd/hono'
import { type Context, Hono } from 'hono'
import { matchedRoutes } from 'hono/route'
import { LinearRouter } from 'hono/router/linear-router'
import { RegExpRouter } from 'hono/router/reg-exp-router'
import { SmartRouter } from 'hono/router/smart-router'
import { TrieRouter } from 'hono/router/trie-router'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from './client.ts'
import { errorsOf, settled, troublesOf } from './reading.ts'
import { closing, listening } from './stage.ts'

/** Where nothing stands before it, the middleware and the handler behind it are one: nobody may see that but the clock. */
describe('at the front of Hono', () => {
  let monitor: Monitor
  let close: () => Promise<void>

  beforeEach(() => {
    monitor = createMonitor({ slab: 'heap' })
    close = async () => {}
  })

  afterEach(async () => {
    await close()
    expect(await troublesOf(monitor)).toEqual({})
    await monitor.close()
  })

  async function serve(app: Hono): Promise<string> {
    const server = createAdaptorServer({ fetch: app.fetch }) as Server
    close = () => closing(server)
    return listening(server)
  }

  /** The statuses of the same request three times: the first one finds a server that is not watched yet. */
  async function thrice(url: string): Promise<number[]> {
    const statuses: number[] = []
    for (let i = 0; i < 3; i++) statuses.push((await ask(url)).status)
    return statuses
  }

  const seenBy = (context: Context): unknown => ({
    index: context.req.routeIndex,
    routes: matchedRoutes(context).map(({ path }) => path),
    params: context.req.param(),
  })

  test('a handler that is alone is called as if it were', async () => {
    const seen: unknown[] = []
    const app = new Hono().use(prometheus({ monitor })).get('/items/:id', context => {
      seen.push(seenBy(context))
      return context.text('item')
    })
    const url = await serve(app)
    expect(await thrice(`${url}/items/7`)).toEqual([200, 200, 200])
    const alone = { index: 0, routes: ['/items/:id'], params: { id: '7' } }
    expect(seen).toEqual([{ ...alone, index: 1, routes: ['/*', '/items/:id'] }, alone, alone])
    await settled(monitor, { 'GET /items/:id 200': 3 })
  })

  test('what stands behind it is called in its order, and what it catches is caught', async () => {
    const order: unknown[] = []
    const app = new Hono()
      .use(prometheus({ monitor }))
      .use(async (context, next) => {
        order.push('before')
        await next()
        order.push(context.error?.message)
      })
      .get('/broken/:id', context => {
        throw new Error(`broken ${context.req.param('id')}`)
      })
    app.onError((error, context) => context.text(error.message, 500))
    const url = await serve(app)
    expect(await thrice(`${url}/broken/1`)).toEqual([500, 500, 500])
    expect(order).toEqual(['before', 'broken 1', 'before', 'broken 1', 'before', 'broken 1'])
    await settled(monitor, { 'GET /broken/:id 500': 3 })
    expect(await errorsOf(monitor)).toEqual({ 'GET /broken/:id exception': 3 })
  })

  test.each([
    ['at once', () => Promise.resolve(), false],
    ['later', () => new Promise(resolve => setImmediate(resolve)), true],
  ])('what the handler throws %s is known', async (_when, pause, isLate) => {
    const app = new Hono().use(prometheus({ monitor }))
    const fault = (): never => {
      throw Object.assign(new Error('late'), { name: 'TimeoutError' })
    }
    app.get('/late', isLate ? async () => pause().then(fault) : fault)
    app.onError((_error, context) => context.text('late', 500))
    const url = await serve(app)
    expect(await thrice(`${url}/late`)).toEqual([500, 500, 500])
    await settled(monitor, { 'GET /late 500': 3 })
    expect(await errorsOf(monitor)).toEqual({ 'GET /late timeout': 3 })
  })

  test('a route that passes everything on is no route, and what nothing answers is not found', async () => {
    const app = new Hono().use(prometheus({ monitor })).get('/maybe', (_context, next) => next())
    const url = await serve(app)
    expect(await thrice(`${url}/maybe`)).toEqual([404, 404, 404])
    expect(await thrice(`${url}/nothing`)).toEqual([404, 404, 404])
    await settled(monitor, { 'GET _unmatched 404': 6 })
  })

  test('two monitors at the front each record all, and a middleware before them hides them', async () => {
    const other = createMonitor({ slab: 'heap' })
    const app = new Hono()
      .use(prometheus({ monitor }))
      .use(prometheus({ monitor: other }))
      .use('/late/*', async (_context, next) => next())
      .get('/late/:id', context => context.text('ok'))
      .get('/item', context => context.text('ok'))
    const url = await serve(app)
    expect(await thrice(`${url}/item`)).toEqual([200, 200, 200])
    expect(await thrice(`${url}/late/1`)).toEqual([200, 200, 200])
    for (const each of [monitor, other]) await settled(each, { 'GET /item 200': 3, 'GET /late/:id 200': 3 })
    await other.close()
  })

  test('where a server and the program itself ask the same application, each is told truly', async () => {
    const app = new Hono().use(prometheus({ monitor }))
    app.get('/broken', () => {
      throw new Error('broken')
    })
    app.get('/inside', async () => app.request('/broken'))
    app.onError((_error, context) => context.text('teapot', 418))
    const url = await serve(app)
    expect(await thrice(`${url}/broken`)).toEqual([418, 418, 418])
    expect((await app.request('/broken')).status).toBe(418)
    expect(await thrice(`${url}/inside`)).toEqual([418, 418, 418])
    await settled(monitor, { 'GET /broken 418': 7, 'GET /inside 418': 3 })
  })

  test.each([
    ['a router that makes a new list each time', () => new SmartRouter({ routers: [new LinearRouter()] })],
    ['a router that cannot be known', () => new RegExpRouter()],
    ['another router', () => new TrieRouter()],
  ])('with %s it is called before the handler', async (_name, router) => {
    const seen: unknown[] = []
    const app = new Hono({ router: router() as never })
    app.use(prometheus({ monitor }))
    app.get('/items/:id', context => {
      seen.push(context.req.routeIndex)
      return context.text(context.req.param('id'))
    })
    const url = await serve(app)
    expect(await thrice(`${url}/items/1`)).toEqual([200, 200, 200])
    expect(seen).toEqual([1, 1, 1])
    await settled(monitor, { 'GET /items/:id 200': 3 })
  })
})
