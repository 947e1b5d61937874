import { createMonitor } from '@promherd/core'
import { expect } from 'vitest'
import { HARNESSES, NO_ROUTE, NO_ROUTER } from './harnesses/index.ts'
import { PRELOAD } from './harnesses/preload.ts'
import type { Chapter, Law } from './law.ts'
import { internalErrorsOf, numberOf, requestsOf, secondsOf } from './reading.ts'
import { subjectOf, type World } from './world.ts'

/** Laws of routes do not hold without routes. The world then expects the fixed label. */
function ofRoutes(sentence: string, run: (world: World) => Promise<void>): Law<World> {
  const bare = { reason: 'A bare server has no routes: each is `_unknown`.', instead: run }
  const unrouted = { reason: 'Without a router there are no routes: each is `_middleware`.', instead: run }
  return { sentence, run, cannot: { [NO_ROUTE]: bare, [NO_ROUTER]: unrouted } }
}

const ROUTES: readonly Law<World>[] = [
  ofRoutes('a route is labelled by its template', async world => {
    const url = await world.start()
    for (const id of ['1', '2', 'three']) {
      expect(await world.ask(`${url}/items/${id}?q=1`)).toEqual({ status: 200, body: 'item' })
    }
    expect((await world.ask(`${url}/items`, 'POST')).status).toBe(201)
    await world.settled({ 'GET /items/:id 200': 3, 'POST /items 201': 1 })
    await world.hasErrors({})
  }),
  ofRoutes('a route of nested routers is labelled by its whole template', async world => {
    const url = await world.start()
    expect((await world.ask(`${url}/api/v1/items/7`)).status).toBe(200)
    await world.settled({ 'GET /api/v1/items/:id 200': 1 })
  }),
  ofRoutes('a parameter in the path that a router is mounted at stays a parameter', async world => {
    const url = await world.start()
    expect((await world.ask(`${url}/users/42/posts/9`)).status).toBe(200)
    expect((await world.ask(`${url}/users/9/posts/9`)).status).toBe(200)
    await world.settled({ 'GET /users/:id/posts/:post 200': 2 })
  }),
  ofRoutes('a route is labelled by the result of `normalizeRoute`', async world => {
    const url = await world.start({ normalizeRoute: route => (route.startsWith('/api/') ? '/api' : route) })
    expect((await world.ask(`${url}/api/v1/items/7`)).status).toBe(200)
    await world.settled({ 'GET /api 200': 1 })
  }),
  {
    sentence: 'a path that no route matches is never a label',
    async run(world) {
      const url = await world.start()
      for (const path of ['/secret/1', '/api/v1/nothing', '/users/3', '/items/1/2']) {
        expect((await world.ask(url + path)).status).toBe(404)
      }
      await world.settled({ 'GET _unmatched 404': 4 })
      await world.hasErrors({ 'GET _unmatched not_found': 4 })
    },
  },
  {
    sentence: 'a method that is not in RFC 9110 is _OTHER',
    async run(world) {
      const url = await world.start()
      expect((await world.ask(`${url}/secret`, 'PURGE')).status).toBe(404)
      await world.settled({ '_OTHER _unmatched 404': 1 })
    },
  },
]

const ANSWERS: readonly Law<World>[] = [
  {
    sentence: 'HEAD, 204 and 304 responses are counted like others',
    async run(world) {
      const url = await world.start()
      expect(await world.ask(`${url}/items/1`, 'HEAD')).toEqual({ status: 200, body: '' })
      expect((await world.ask(`${url}/nothing`)).status).toBe(204)
      expect((await world.ask(`${url}/unchanged`)).status).toBe(304)
      await world.settled({ 'HEAD /items/:id 200': 1, 'GET /nothing 204': 1, 'GET /unchanged 304': 1 })
      await world.hasErrors({})
    },
  },
  {
    sentence: 'a thrown error is recorded with the status that the client received',
    async run(world) {
      const url = await world.start()
      expect((await world.ask(`${url}/api/v1/broken`)).status).toBe(500)
      expect((await world.ask(`${url}/teapot`)).status).toBe(418)
      await world.settled({ 'GET /api/v1/broken 500': 1, 'GET /teapot 418': 1 })
      await world.hasErrors({ [`GET /api/v1/broken ${world.harness.thrown}`]: 1, 'GET /teapot client_error': 1 })
    },
  },
  {
    sentence: 'a streamed response is timed to its last byte',
    async run(world) {
      const url = await world.start()
      const startedAt = performance.now()
      const connection = await world.connect(url)
      const sent = connection.send('GET', '/stream')
      await sent.heard('first ')
      await expect.poll(() => world.stage.entered).toBe(1)
      expect(await requestsOf(world.monitor)).toEqual({})
      const heldFrom = performance.now()
      await expect.poll(() => performance.now() - heldFrom, { interval: 5 }).toBeGreaterThan(50)
      world.stage.release()
      await sent.heard('last')
      await world.settled({ 'GET /stream 200': 1 })
      connection.die()
      expect(world.stage.heldSeconds).toBeGreaterThan(0.05)
      expect(await secondsOf(world.monitor)).toBeGreaterThanOrEqual(world.stage.heldSeconds)
      expect(await secondsOf(world.monitor)).toBeLessThanOrEqual((performance.now() - startedAt) / 1000)
      await world.hasErrors({})
    },
  },
  {
    sentence: 'requests of one connection are counted one by one',
    async run(world) {
      const connection = await world.connect(await world.start())
      for (let i = 0; i < 25; i++) await connection.send('GET', `/items/${i}`).heard('item')
      await world.settled({ 'GET /items/:id 200': 25 })
      connection.die()
      expect(await numberOf(world.monitor, 'promherd_worker_requests_total')).toBe(25)
    },
  },
]

const ABORTS: readonly Law<World>[] = [
  {
    sentence: 'a client that disconnects before a response was sent is recorded once, as 499',
    async run(world) {
      const url = await world.start()
      const connection = await world.connect(url)
      // On a connection with an earlier request: its listeners then have another order.
      await connection.send('GET', '/items/0').heard('item')
      const sent = connection.send('GET', '/hold')
      await expect.poll(() => world.stage.entered).toBe(1)
      await world.hasOpen(1)
      sent.leave()
      await world.settled({ 'GET /hold 499': 1, 'GET /items/:id 200': 1 })
      world.stage.release()
      expect((await world.ask(`${url}/items/1`)).status).toBe(200)
      await world.settled({ 'GET /hold 499': 1, 'GET /items/:id 200': 2 })
      await world.hasErrors({ 'GET /hold client_abort': 1 })
      connection.die()
    },
  },
  {
    sentence: 'a client that disconnects during a body is recorded once, with the status that it received',
    async run(world) {
      const connection = await world.connect(await world.start())
      const sent = connection.send('GET', '/stream')
      await sent.heard('first ')
      sent.leave()
      await world.settled({ 'GET /stream 200': 1 })
      await world.hasErrors({ 'GET /stream client_abort': 1 })
      connection.die()
    },
  },
  {
    sentence: 'no request stays in flight when a connection with waiting requests is closed',
    async run(world) {
      const url = await world.start()
      const connection = await world.connect(url)
      for (let i = 0; i < 3; i++) connection.send('GET', '/hold')
      await expect.poll(() => world.stage.entered).toBe(3)
      await world.hasOpen(3)
      connection.die()
      await world.settled({ 'GET /hold 499': 3 })
      world.stage.release()
      expect((await world.ask(`${url}/items/1`)).status).toBe(200)
      await world.settled({ 'GET /hold 499': 3, 'GET /items/:id 200': 1 })
    },
  },
]

const OPTIONS: readonly Law<World>[] = [
  {
    sentence: 'an error that a callback throws is counted and does not affect the request',
    async run(world) {
      const fail = (): never => {
        throw new Error('of the user')
      }
      const url = await world.start({ ignore: fail, normalizeRoute: fail })
      expect(await world.ask(`${url}/items/1`)).toEqual({ status: 200, body: 'item' })
      await world.settled({ 'GET /items/:id 200': 1 })
      expect(await internalErrorsOf(world.monitor)).toEqual({ callback: 2 })
    },
  },
  {
    sentence: 'ignored requests are not recorded',
    async run(world) {
      const url = await world.start({ ignore: request => request.url === '/items/0' })
      expect((await world.ask(`${url}/items/0`)).status).toBe(200)
      expect((await world.ask(`${url}/items/1`)).status).toBe(200)
      await world.settled({ 'GET /items/:id 200': 1 })
    },
  },
  {
    sentence: 'two monitors do not affect each other',
    async run(world) {
      const other = createMonitor({ storage: 'memory' })
      const url = await world.start()
      const otherUrl = await world.start({ monitor: other })
      expect((await world.ask(`${url}/items/1`)).status).toBe(200)
      for (let i = 0; i < 2; i++) expect((await world.ask(`${otherUrl}/teapot`)).status).toBe(418)
      await world.settled({ 'GET /items/:id 200': 1 })
      await world.settled({ 'GET /teapot 418': 2 }, other)
      await other.close()
    },
  },
]

const LAWS: readonly Law<World>[] = [...ROUTES, ...ANSWERS, ...ABORTS, ...OPTIONS]

/** The laws of every adapter on every framework. */
export const CONTRACT: Chapter<World> = {
  title: 'Every adapter',
  about:
    'The same application on each framework, with real clients over loopback. The protocol is HTTP/1.1 unless ' +
    'another one is named. Express has no HTTP/2.',
  subjects: HARNESSES.map(subjectOf),
  laws: LAWS,
}

/** The same laws for applications without an adapter. */
export const ON_PRELOAD: Chapter<World> = {
  title: 'The preload',
  about:
    'The same applications without an adapter, recorded by `--import @promherd/core/auto`. The options come from ' +
    'its configuration.',
  subjects: PRELOAD.map(subjectOf),
  laws: LAWS,
}
