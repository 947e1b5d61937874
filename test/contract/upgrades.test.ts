import { once } from 'node:events'
import type { Server } from 'node:http'
import { createMonitor, type Monitor } from '@promherd/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { ask, closed, dial } from './client.ts'
import { OUTCOME_HARNESSES } from './outcome-harnesses.ts'
import { errorsOf, numberOf, requestsOf, secondsOf, settled, streamsOf } from './reading.ts'
import { closing, listening, Stage } from './stage.ts'

/** Connections that leave HTTP, by WebSockets on the server of each framework. */

const PATIENT = { timeout: 10_000, interval: 5 }
/** These see the server at once; the others with the first request that comes by. */
const AT_ONCE = ['Fastify', 'a plain server']

describe.each(Object.entries(OUTCOME_HARNESSES))('upgrades, by %s', (name, harness) => {
  let monitor: Monitor
  let server: Server
  let sockets: WebSocketServer
  let url: string
  const first: Record<string, number> = AT_ONCE.includes(name) ? {} : { 'GET /raw/:name 200': 1 }
  const route = name === 'a plain server' ? '_middleware' : '_unknown'

  beforeEach(async () => {
    monitor = createMonitor({ slab: 'heap' })
    server = await harness({ monitor }, new Stage())
    sockets = new WebSocketServer({ server, path: '/socket' })
    sockets.on('connection', socket => {
      socket.on('message', message => socket.send(`heard ${String(message)}`))
    })
    url = await listening(server)
    if (!AT_ONCE.includes(name)) expect((await ask(`${url}/raw/item`)).status).toBe(200)
  })

  afterEach(async () => {
    for (const socket of sockets.clients) socket.terminate()
    await closing(server)
    await monitor.close()
  })

  test('a WebSocket is open until it closes, and then counted', async () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/socket`)
    await once(socket, 'open')
    socket.send('one')
    expect(String((await once(socket, 'message'))[0])).toBe('heard one')
    expect(await streamsOf(monitor)).toEqual({ sse: 0, upgrade: 1 })
    expect(await numberOf(monitor, 'http_requests_in_flight')).toBe(0)
    const secondsBefore = await secondsOf(monitor)
    expect(await requestsOf(monitor)).toEqual(first)
    socket.close()
    await settled(monitor, { ...first, [`GET ${route} 101`]: 1 })
    await expect.poll(() => streamsOf(monitor), PATIENT).toEqual({ sse: 0, upgrade: 0 })
    expect(await secondsOf(monitor)).toBe(secondsBefore)
    expect(await errorsOf(monitor)).toEqual({})
  })

  test('a WebSocket that is cut from either side is no error', async () => {
    const cut = new WebSocket(`${url.replace('http', 'ws')}/socket`)
    await once(cut, 'open')
    cut.terminate()
    await settled(monitor, { ...first, [`GET ${route} 101`]: 1 })
    const dropped = new WebSocket(`${url.replace('http', 'ws')}/socket`)
    await once(dropped, 'open')
    for (const socket of sockets.clients) socket.terminate()
    await settled(monitor, { ...first, [`GET ${route} 101`]: 2 })
    expect(await streamsOf(monitor)).toEqual({ sse: 0, upgrade: 0 })
    expect(await errorsOf(monitor)).toEqual({})
  })

  test('a handshake that is refused is a plain answer', async () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/elsewhere`)
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toContain('400')
    await settled(monitor, { ...first, [`GET ${route} 400`]: 1 })
    expect(await streamsOf(monitor)).toEqual({ sse: 0, upgrade: 0 })
    expect(await errorsOf(monitor)).toEqual({ [`GET ${route} client_error`]: 1 })
  })

  test('what Node refuses is counted by every adapter', async () => {
    const socket = await dial(url)
    socket.write('NONSENSE\r\n\r\n')
    await closed(socket)
    await settled(monitor, { ...first, '_OTHER _refused 400': 1 })
    expect(await errorsOf(monitor)).toEqual({ '_OTHER _refused protocol': 1 })
  })
})
