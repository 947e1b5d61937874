import { once } from 'node:events'
import type { RequestListener, Server } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, createServer } from 'node:http2'
import { text } from 'node:stream/consumers'
import { createMonitor, type Monitor } from '@promherd/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { closed } from './client.ts'
import { OUTCOME_HARNESSES } from './outcome-harnesses.ts'
import { errorsOf, numberOf, requestsOf, secondsOf, settled, streamsOf } from './reading.ts'
import { listening, Stage } from './stage.ts'

/** How exchanges end over HTTP/2, wherever a framework serves it: Express does not. */

const PATIENT = { timeout: 10_000, interval: 5 }
const SERVING = Object.entries(OUTCOME_HARNESSES).filter(([name]) => !name.startsWith('Express'))

describe.each(SERVING)('outcomes over HTTP/2, by %s', (_name, harness) => {
  let monitor: Monitor
  let stage: Stage
  let server: Server
  let client: ClientHttp2Session

  beforeEach(async () => {
    monitor = createMonitor({ slab: 'heap' })
    stage = new Stage()
    const make = (listener: RequestListener): Server => createServer(listener as never) as unknown as Server
    server = await harness({ monitor }, stage, make)
    client = connect(await listening(server))
    client.on('error', () => {})
  })

  afterEach(async () => {
    stage.release()
    client.destroy()
    server.close()
    await once(server, 'close')
    await monitor.close()
  })

  function ask(name: string): ClientHttp2Stream {
    const stream = client.request({ ':path': `/raw/${name}` })
    stream.on('error', () => {})
    return stream
  }

  const recorded = (status: number, count = 1): Promise<void> =>
    settled(monitor, { [`GET /raw/:name ${status}`]: count })
  const failed = async (category: string, count = 1): Promise<void> =>
    expect(await errorsOf(monitor)).toEqual({ [`GET /raw/:name ${category}`]: count })

  test('a body that comes in pieces is timed to the last of them', async () => {
    const body = text(ask('stream'))
    await expect.poll(() => stage.entered, PATIENT).toBe(1)
    const since = performance.now()
    await expect.poll(() => performance.now() - since, PATIENT).toBeGreaterThan(50)
    expect(await requestsOf(monitor)).toEqual({})
    stage.release()
    expect(await body).toBe('first last')
    await recorded(200)
    expect(await secondsOf(monitor)).toBeGreaterThanOrEqual(stage.heldSeconds)
    expect(stage.heldSeconds).toBeGreaterThan(0.05)
    expect(await errorsOf(monitor)).toEqual({})
  })

  test.each([constants.NGHTTP2_CANCEL, constants.NGHTTP2_INTERNAL_ERROR])(
    'a stream that the client resets with the code %i is an abort, before the headers and after',
    async code => {
      const waiting = ask('hold')
      await expect.poll(() => stage.entered, PATIENT).toBe(1)
      waiting.close(code)
      await recorded(499)
      const stream = ask('stream')
      await once(stream, 'data')
      stream.close(code)
      await settled(monitor, { 'GET /raw/:name 499': 1, 'GET /raw/:name 200': 1 })
      await failed('client_abort', 2)
    },
  )

  test('nothing stays in flight when the session dies', async () => {
    ask('hold')
    ask('hold')
    await expect.poll(() => stage.entered, PATIENT).toBe(2)
    client.destroy()
    await recorded(499, 2)
    await failed('client_abort', 2)
  })

  test('a stream that breaks in the middle is an exception', async () => {
    await closed(ask('broken'))
    await recorded(200)
    await failed('exception')
  })

  test('a response that the server destroys is not the fault of the client', async () => {
    await closed(ask('destroyed'))
    await recorded(500)
    await failed('server_error')
  })

  test('a session that idles for longer than the server waits is a timeout', async () => {
    client.destroy()
    server.setTimeout(50)
    client = connect(await listening(server))
    client.on('error', () => {})
    ask('hold')
    await recorded(500)
    await failed('timeout')
  })

  test.each(['events', 'set-events'])(
    'a stream of events is counted, and neither timed nor in flight: %s',
    async name => {
      const stream = ask(name)
      await once(stream, 'response')
      await expect.poll(() => streamsOf(monitor), PATIENT).toEqual({ sse: 1, upgrade: 0 })
      expect(await numberOf(monitor, 'http_requests_in_flight')).toBe(0)
      stream.close(constants.NGHTTP2_CANCEL)
      await recorded(200)
      expect(await streamsOf(monitor)).toEqual({ sse: 0, upgrade: 0 })
      expect(await secondsOf(monitor)).toBe(0)
      expect(await errorsOf(monitor)).toEqual({})
    },
  )
})
