import { Agent } from 'node:http'
import { type AdapterOptions, createMonitor, type Monitor } from '@promherd/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask, dial, heard, said } from './client.ts'
import { errorsOf, numberOf, requestsOf, secondsOf, settled, troublesOf } from './reading.ts'
import { Stage } from './stage.ts'

/**
 * What every adapter has to do, whatever the framework. A harness makes an application with these routes:
 *
 *     GET  /items/:id                          200 'item'
 *     POST /items                              201
 *     GET  /nothing, /unchanged                204, 304
 *     GET  /api/v1/items/:id                   200, by a router in a router, each with a prefix
 *     GET  /api/v1/broken                      throws an Error
 *     GET  /teapot                             throws an error with the status 418
 *     GET  /users/:id/posts/:post              200, by a router that is mounted at /users/:id
 *     GET  /hold                               200, once the stage is released
 *     GET  /stream                             200, its last piece once the stage is released
 */
export interface Harness {
  /** What the framework calls a failure that nobody gave a status: not all of them let the error be seen. */
  readonly thrown: 'exception' | 'server_error'
  start(options: AdapterOptions, stage: Stage): Promise<Application>
}

export interface Application {
  readonly url: string
  close(): Promise<void>
}

export function fulfilsTheContract(name: string, harness: Harness): void {
  describe(`the contract, by ${name}`, () => {
    let monitor: Monitor
    let stage: Stage
    let open: Application[]

    beforeEach(() => {
      monitor = createMonitor({ slab: 'heap', onWarning: () => {} })
      stage = new Stage()
      open = []
    })

    afterEach(async () => {
      stage.release()
      await Promise.all(open.map(application => application.close()))
      await monitor.close()
    })

    async function start(options: AdapterOptions = {}): Promise<string> {
      const application = await harness.start({ monitor, ...options }, stage)
      open.push(application)
      return application.url
    }

    test('a route is labelled by its template', async () => {
      const url = await start()
      for (const id of ['1', '2', 'three'])
        expect(await ask(`${url}/items/${id}?q=1`)).toEqual({ status: 200, body: 'item' })
      expect((await ask(`${url}/items`, 'POST')).status).toBe(201)
      await settled(monitor, { 'GET /items/:id 200': 3, 'POST /items 201': 1 })
      expect(await errorsOf(monitor)).toEqual({})
    })

    test('a route of nested routers is labelled by its whole template', async () => {
      const url = await start()
      expect((await ask(`${url}/api/v1/items/7`)).status).toBe(200)
      await settled(monitor, { 'GET /api/v1/items/:id 200': 1 })
    })

    test('a parameter in the path that a router is mounted at stays a parameter', async () => {
      const url = await start()
      expect((await ask(`${url}/users/42/posts/9`)).status).toBe(200)
      expect((await ask(`${url}/users/9/posts/9`)).status).toBe(200)
      await settled(monitor, { 'GET /users/:id/posts/:post 200': 2 })
    })

    test('a path that no route matches is never a label', async () => {
      const url = await start()
      for (const path of ['/secret/1', '/api/v1/nothing', '/users/3', '/items/1/2']) {
        expect((await ask(url + path)).status).toBe(404)
      }
      await settled(monitor, { 'GET _unmatched 404': 4 })
      expect(await errorsOf(monitor)).toEqual({ 'GET _unmatched not_found': 4 })
    })

    test('a method that is not in RFC 9110 is _OTHER', async () => {
      const url = await start()
      const socket = await dial(url)
      socket.write(said('PURGE', '/secret'))
      expect(await heard(socket, '\r\n\r\n')).toMatch(/^HTTP\/1.1 404 /)
      socket.destroy()
      await settled(monitor, { '_OTHER _unmatched 404': 1 })
    })

    test('HEAD, 204 and 304 are answers like others', async () => {
      const url = await start()
      expect(await ask(`${url}/items/1`, 'HEAD')).toEqual({ status: 200, body: '' })
      expect((await ask(`${url}/nothing`)).status).toBe(204)
      expect((await ask(`${url}/unchanged`)).status).toBe(304)
      await settled(monitor, { 'HEAD /items/:id 200': 1, 'GET /nothing 204': 1, 'GET /unchanged 304': 1 })
      expect(await errorsOf(monitor)).toEqual({})
    })

    test('a thrown error is recorded with the status that the client got', async () => {
      const url = await start()
      expect((await ask(`${url}/api/v1/broken`)).status).toBe(500)
      expect((await ask(`${url}/teapot`)).status).toBe(418)
      await settled(monitor, { 'GET /api/v1/broken 500': 1, 'GET /teapot 418': 1 })
      expect(await errorsOf(monitor)).toEqual({
        [`GET /api/v1/broken ${harness.thrown}`]: 1,
        'GET /teapot client_error': 1,
      })
    })

    test('a client that leaves before it was answered is recorded once, as 499', async () => {
      const url = await start()
      const socket = await dial(url)
      socket.write(said('GET', '/hold'))
      await expect.poll(() => stage.entered).toBe(1)
      expect(await numberOf(monitor, 'http_requests_in_flight')).toBe(1)
      socket.destroy()
      await settled(monitor, { 'GET /hold 499': 1 })
      stage.release()
      expect((await ask(`${url}/items/1`)).status).toBe(200)
      await settled(monitor, { 'GET /hold 499': 1, 'GET /items/:id 200': 1 })
      expect(await errorsOf(monitor)).toEqual({ 'GET /hold client_abort': 1 })
    })

    test('a client that leaves in the middle of a body is recorded once, with the status that it got', async () => {
      const url = await start()
      const socket = await dial(url)
      socket.write(said('GET', '/stream'))
      await heard(socket, 'first ')
      socket.destroy()
      await settled(monitor, { 'GET /stream 200': 1 })
      expect(await errorsOf(monitor)).toEqual({ 'GET /stream client_abort': 1 })
    })

    test('a streamed response is timed to its last byte', async () => {
      const url = await start()
      const startedAt = performance.now()
      const socket = await dial(url)
      socket.write(said('GET', '/stream'))
      await heard(socket, 'first ')
      await expect.poll(() => stage.entered).toBe(1)
      expect(await requestsOf(monitor)).toEqual({})
      const heldFrom = performance.now()
      await expect.poll(() => performance.now() - heldFrom, { interval: 5 }).toBeGreaterThan(50)
      stage.release()
      await heard(socket, 'last')
      await settled(monitor, { 'GET /stream 200': 1 })
      socket.destroy()
      expect(stage.heldSeconds).toBeGreaterThan(0.05)
      expect(await secondsOf(monitor)).toBeGreaterThanOrEqual(stage.heldSeconds)
      expect(await secondsOf(monitor)).toBeLessThanOrEqual((performance.now() - startedAt) / 1000)
      expect(await errorsOf(monitor)).toEqual({})
    })

    test('nothing stays in flight when a connection with waiting requests dies', async () => {
      const url = await start()
      const socket = await dial(url)
      socket.write(said('GET', '/hold') + said('GET', '/hold') + said('GET', '/hold'))
      await expect.poll(() => stage.entered).toBe(3)
      expect(await numberOf(monitor, 'http_requests_in_flight')).toBe(3)
      socket.destroy()
      await settled(monitor, { 'GET /hold 499': 3 })
      stage.release()
      expect((await ask(`${url}/items/1`)).status).toBe(200)
      await settled(monitor, { 'GET /hold 499': 3, 'GET /items/:id 200': 1 })
    })

    test('requests of one connection are counted one by one', async () => {
      const url = await start()
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      for (let i = 0; i < 25; i++) expect((await ask(`${url}/items/${i}`, 'GET', agent)).status).toBe(200)
      agent.destroy()
      await settled(monitor, { 'GET /items/:id 200': 25 })
      expect(await numberOf(monitor, 'promherd_worker_requests_total')).toBe(25)
    })

    test('callbacks that throw harm nothing and are counted', async () => {
      const fail = (): never => {
        throw new Error('of the user')
      }
      const url = await start({ ignore: fail, normalizeRoute: fail })
      expect(await ask(`${url}/items/1`)).toEqual({ status: 200, body: 'item' })
      await settled(monitor, { 'GET /items/:id 200': 1 })
      expect(await troublesOf(monitor)).toEqual({ callback: 2 })
    })

    test('what is to be ignored is not recorded', async () => {
      const url = await start({ ignore: request => request.url === '/items/0' })
      expect((await ask(`${url}/items/0`)).status).toBe(200)
      expect((await ask(`${url}/items/1`)).status).toBe(200)
      await settled(monitor, { 'GET /items/:id 200': 1 })
    })

    test('a route is labelled as the application wants it', async () => {
      const url = await start({ normalizeRoute: route => (route.startsWith('/api/') ? '/api' : route) })
      expect((await ask(`${url}/api/v1/items/7`)).status).toBe(200)
      await settled(monitor, { 'GET /api 200': 1 })
    })

    test('two monitors never meet', async () => {
      const other = createMonitor({ slab: 'heap' })
      const url = await start()
      const otherUrl = await start({ monitor: other })
      expect((await ask(`${url}/items/1`)).status).toBe(200)
      for (let i = 0; i < 2; i++) expect((await ask(`${otherUrl}/teapot`)).status).toBe(418)
      await settled(monitor, { 'GET /items/:id 200': 1 })
      await settled(other, { 'GET /teapot 418': 2 })
      await other.close()
    })
  })
}
