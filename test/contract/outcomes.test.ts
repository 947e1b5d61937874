import { readFile } from 'node:fs/promises'
import { createServer, type Server, type ServerOptions } from 'node:http'
import { createMonitor, type Monitor } from '@promherd/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask, closed, dial, heard, said } from './client.ts'
import { FILE } from './outcome-handlers.ts'
import { OUTCOME_HARNESSES } from './outcome-harnesses.ts'
import { errorsOf, numberOf, requestsOf, secondsOf, settled, streamsOf } from './reading.ts'
import { closing, listening, Stage } from './stage.ts'

const PATIENT = { timeout: 10_000, interval: 5 }

/** How exchanges end, whatever the framework: the handlers are the same in all of them. */

describe.each(Object.entries(OUTCOME_HARNESSES))('outcomes, by %s', (name, harness) => {
  let monitor: Monitor
  let stage: Stage
  let open: Server[]

  beforeEach(() => {
    monitor = createMonitor({ slab: 'heap' })
    stage = new Stage()
    open = []
  })

  afterEach(async () => {
    stage.release()
    await Promise.all(open.map(closing))
    await monitor.close()
  })

  async function start(options: ServerOptions = {}): Promise<string> {
    const server = await harness({ monitor }, stage, listener => createServer(options, listener))
    open.push(server)
    return listening(server)
  }

  const route = '/raw/:name'
  const recorded = (method: string, status: number): Promise<void> =>
    settled(monitor, { [`${method} ${route} ${status}`]: 1 })
  const failed = async (category: string, count = 1, method = 'GET'): Promise<void> =>
    expect(await errorsOf(monitor)).toEqual({ [`${method} ${route} ${category}`]: count })

  /** Holds the handler for a while between what it has begun and its end. */
  async function holdOn(): Promise<void> {
    await expect.poll(() => stage.entered, PATIENT).toBe(1)
    const since = performance.now()
    await expect.poll(() => performance.now() - since, { interval: 5 }).toBeGreaterThan(50)
    expect(await requestsOf(monitor)).toEqual({})
    expect(await numberOf(monitor, 'http_requests_in_flight')).toBe(1)
    stage.release()
  }

  if (name !== 'a plain server') {
    test('what was thrown and named no status is an exception', async () => {
      expect((await ask(`${await start()}/thrown`)).status).toBe(500)
      await settled(monitor, { 'GET /thrown 500': 1 })
      expect(await errorsOf(monitor)).toEqual({ 'GET /thrown exception': 1 })
    })

    test('a stream of events is one as the framework makes it', async () => {
      const socket = await dial(await start())
      socket.write(said('GET', '/native-events'))
      await heard(socket, 'first')
      await expect.poll(() => streamsOf(monitor), PATIENT).toEqual({ sse: 1, upgrade: 0 })
      socket.destroy()
      await settled(monitor, { 'GET /native-events 200': 1 })
      expect(await streamsOf(monitor)).toEqual({ sse: 0, upgrade: 0 })
      expect(await secondsOf(monitor)).toBe(0)
      expect(await errorsOf(monitor)).toEqual({})
    })
  }

  test.each([
    ['HEAD', 'item', 200],
    ['GET', 'nothing', 204],
    ['GET', 'unchanged', 304],
  ])('an answer without a body ends with its headers: %s %s', async (method, path, status) => {
    expect((await ask(`${await start()}/raw/${path}`, method)).status).toBe(status)
    await recorded(method, status)
    expect(await errorsOf(monitor)).toEqual({})
  })

  test('a piped file ends with its last byte', async () => {
    const { body, status } = await ask(`${await start()}/raw/file`)
    expect([status, body]).toEqual([200, await readFile(FILE, 'utf8')])
    await recorded('GET', 200)
    expect(await errorsOf(monitor)).toEqual({})
  })

  test.each(['stream', 'packed'])('a body that comes in pieces is timed to the last of them: %s', async path => {
    const asked = ask(`${await start()}/raw/${path}`)
    await holdOn()
    expect((await asked).status).toBe(200)
    await recorded('GET', 200)
    expect(await secondsOf(monitor)).toBeGreaterThan(0.05)
    expect(await secondsOf(monitor)).toBeGreaterThanOrEqual(stage.heldSeconds)
    expect(await errorsOf(monitor)).toEqual({})
  })

  test('hints before the answer are not the answer', async () => {
    const socket = await dial(await start())
    socket.write(said('GET', '/raw/hinted'))
    const hints = await heard(socket, '102 Processing')
    expect(hints).toContain('103 Early Hints')
    await holdOn()
    await heard(socket, 'held')
    await recorded('GET', 200)
    expect(await secondsOf(monitor)).toBeGreaterThan(0.05)
    expect(await errorsOf(monitor)).toEqual({})
    socket.destroy()
  })

  test('a client that leaves after hints was not answered', async () => {
    const socket = await dial(await start())
    socket.write(said('GET', '/raw/hinted'))
    await heard(socket, '102 Processing')
    socket.destroy()
    await recorded('GET', 499)
    await failed('client_abort')
  })

  test.each([
    ['closes', (socket: import('node:net').Socket) => socket.destroy()],
    ['resets', (socket: import('node:net').Socket) => socket.resetAndDestroy()],
  ])('a client that %s the connection before, within and while it sends is an abort', async (_how, leave) => {
    const url = await start()
    const before = await dial(url)
    before.write(said('GET', '/raw/hold'))
    await expect.poll(() => stage.entered, PATIENT).toBe(1)
    leave(before)
    await settled(monitor, { 'GET /raw/:name 499': 1 })
    const within = await dial(url)
    within.write(said('GET', '/raw/stream'))
    await heard(within, 'first ')
    leave(within)
    await settled(monitor, { 'GET /raw/:name 499': 1, 'GET /raw/:name 200': 1 })
    const sending = await dial(url)
    sending.write('POST /raw/upload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50\r\n\r\nhalf')
    await expect.poll(() => stage.entered, PATIENT).toBeGreaterThan(2)
    leave(sending)
    await settled(monitor, { 'GET /raw/:name 499': 1, 'GET /raw/:name 200': 1, 'POST /raw/:name 499': 1 })
    expect(await errorsOf(monitor)).toEqual({ 'GET /raw/:name client_abort': 2, 'POST /raw/:name client_abort': 1 })
  })

  test('a response that the server tears is not the fault of the client', async () => {
    const url = await start()
    for (const path of ['destroyed', 'cut']) {
      const socket = await dial(url)
      socket.write(said('GET', `/raw/${path}`))
      await closed(socket)
    }
    await settled(monitor, { 'GET /raw/:name 500': 1, 'GET /raw/:name 200': 1 })
    await failed('server_error', 2)
  })

  test('a stream that breaks in the middle is an exception', async () => {
    const socket = await dial(await start())
    socket.write(said('GET', '/raw/broken'))
    await closed(socket)
    await recorded('GET', 200)
    await failed('exception')
  })

  test('a request whose body comes too late is a timeout, with the status that Node sends', async () => {
    const socket = await dial(
      await start({ requestTimeout: 100, headersTimeout: 100, connectionsCheckingInterval: 20 }),
    )
    socket.write('POST /raw/upload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50\r\n\r\nhalf')
    expect(await heard(socket, '\r\n\r\n')).toContain('408 Request Timeout')
    await recorded('POST', 408)
    await failed('timeout', 1, 'POST')
  })

  test('a connection that idles for longer than the server waits is a timeout', async () => {
    const url = await start()
    open[0]!.setTimeout(50)
    const socket = await dial(url)
    socket.write(said('GET', '/raw/hold'))
    await closed(socket)
    await recorded('GET', 500)
    await failed('timeout')
  })

  test('requests that wait behind another are timeouts with it', async () => {
    const url = await start()
    open[0]!.setTimeout(50)
    const socket = await dial(url)
    socket.write(said('GET', '/raw/hold') + said('GET', '/raw/hold'))
    await closed(socket)
    await settled(monitor, { 'GET /raw/:name 500': 2 })
    await failed('timeout', 2)
  })

  test.each(['events', 'set-events'])(
    'a stream of events is counted, and neither timed nor in flight: %s',
    async path => {
      const socket = await dial(await start())
      socket.write(said('GET', `/raw/${path}`))
      await heard(socket, 'text/event-stream')
      await expect.poll(() => streamsOf(monitor), PATIENT).toEqual({ sse: 1, upgrade: 0 })
      expect(await numberOf(monitor, 'http_requests_in_flight')).toBe(0)
      expect(await requestsOf(monitor)).toEqual({})
      stage.release()
      await heard(socket, 'data: 2')
      await recorded('GET', 200)
      expect(await streamsOf(monitor)).toEqual({ sse: 0, upgrade: 0 })
      expect(await secondsOf(monitor)).toBe(0)
      expect(await numberOf(monitor, 'promherd_worker_requests_total')).toBe(1)
      expect(await errorsOf(monitor)).toEqual({})
      socket.destroy()
    },
  )

  test('to leave a stream of events is no error, nor is it where nobody looked while it was open', async () => {
    const socket = await dial(await start())
    socket.write(said('GET', '/raw/events'))
    await heard(socket, 'data: 1')
    socket.destroy()
    await recorded('GET', 200)
    expect(await secondsOf(monitor)).toBe(0)
    expect(await streamsOf(monitor)).toEqual({ sse: 0, upgrade: 0 })
    expect(await errorsOf(monitor)).toEqual({})
  })

  test('a stream of events that breaks is an error all the same', async () => {
    const socket = await dial(await start())
    socket.write(said('GET', '/raw/broken-events'))
    await closed(socket)
    await recorded('GET', 200)
    await failed('exception')
    expect(await secondsOf(monitor)).toBe(0)
  })
})
