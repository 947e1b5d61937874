import { once } from 'node:events'
import { createServer } from 'node:http'
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer as createHttp2Server,
  type Http2Server,
} from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createMonitor, type Monitor } from '../monitor/monitor.ts'
import { instrumentServer } from './instrument-server.ts'

let monitor: Monitor

beforeEach(() => {
  monitor = createMonitor({ storage: 'memory' })
})

afterEach(() => monitor.close())

async function series(name: string): Promise<Record<string, number>> {
  const family = (await monitor.snapshot()).families.find(candidate => candidate.name === name)
  return Object.fromEntries((family?.labels ?? []).map((labels, i) => [labels.join(' '), family!.values.get(i)]))
}

async function settled(requests: Record<string, number>): Promise<void> {
  await expect.poll(() => series('http_requests_total'), { timeout: 10_000, interval: 5 }).toEqual(requests)
  await expect.poll(() => series('http_requests_in_flight'), { timeout: 10_000, interval: 5 }).toEqual({ '': 0 })
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function closing(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}

test('a bare server has no routes, and says so', async () => {
  const server = createServer((_request, response) => void response.end('hello'))
  instrumentServer(server, { monitor })
  const url = await listening(server)
  expect(await (await fetch(url, { headers: { connection: 'close' } })).text()).toBe('hello')
  await settled({ 'GET _unknown 200': 1 })
  await closing(server)
})

test('it can be undone, and then leaves nothing behind', async () => {
  const server = createServer((_request, response) => void response.end())
  const keys = Reflect.ownKeys(server)
  instrumentServer(server, { monitor })()
  expect(Reflect.ownKeys(server)).toEqual(keys)
  const url = await listening(server)
  await (await fetch(url, { headers: { connection: 'close' } })).text()
  await settled({})
  await closing(server)
})

test('no listener is added', () => {
  const application = (): void => {}
  const server = createServer(application)
  const events = server.eventNames().map(event => [event, server.rawListeners(event)])
  instrumentServer(server, { monitor })
  expect(server.eventNames().map(event => [event, server.rawListeners(event)])).toEqual(events)
  expect(server.listeners('request')).toEqual([application])
})

test('options are checked', () => {
  const server = createServer()
  expect(() => instrumentServer(server, { monitor, rout: () => '' } as never)).toThrow(/Did you mean `route`/)
  expect(() => instrumentServer(server, { monitor: {} as never })).toThrow(
    expect.objectContaining({ code: 'ERR_PROMHERD_BAD_OPTION' }),
  )
})

async function overHttp2(server: Http2Server, use: (client: ClientHttp2Session) => Promise<void>): Promise<void> {
  const client = connect(await listening(server))
  try {
    await use(client)
  } finally {
    client.destroy()
    await closing(server)
  }
}

test('over HTTP/2 an answer is an answer', async () => {
  const server = createHttp2Server((request, response) => {
    response.statusCode = request.url === '/nothing' ? 204 : 200
    response.end(request.url === '/nothing' ? '' : 'hello')
  })
  instrumentServer(server, { monitor, route: request => request.url })
  await overHttp2(server, async client => {
    expect(await text(client.request({ ':path': '/hello' }))).toBe('hello')
    expect(await text(client.request({ ':path': '/hello', ':method': 'HEAD' }))).toBe('')
    expect(await text(client.request({ ':path': '/nothing' }))).toBe('')
    await settled({ 'GET /hello 200': 1, 'HEAD /hello 200': 1, 'GET /nothing 204': 1 })
    expect(await series('http_request_errors_total')).toEqual({})
  })
})

test('over HTTP/2 a stream that the client cancels is an abort, before the headers and after', async () => {
  const server = createHttp2Server((request, response) => {
    if (request.url === '/stream') response.write('first')
    else server.emit('waiting')
  })
  instrumentServer(server, { monitor, route: request => request.url })
  await overHttp2(server, async client => {
    const waiting = client.request({ ':path': '/hold' })
    await once(server, 'waiting')
    waiting.close(constants.NGHTTP2_CANCEL)
    await settled({ 'GET /hold 499': 1 })
    const stream = client.request({ ':path': '/stream' })
    await once(stream, 'data')
    stream.close(constants.NGHTTP2_CANCEL)
    await settled({ 'GET /hold 499': 1, 'GET /stream 200': 1 })
    expect(await series('http_request_errors_total')).toEqual({
      'GET /hold client_abort': 1,
      'GET /stream client_abort': 1,
    })
  })
})

test('over HTTP/2 a stream that is cancelled when all was written and not all was sent is an abort', async () => {
  const server = createHttp2Server((_request, response) => void response.end(Buffer.alloc(4_000_000)))
  instrumentServer(server, { monitor })
  await overHttp2(server, async client => {
    const stream = client.request()
    await once(stream, 'response')
    stream.close(constants.NGHTTP2_CANCEL)
    await settled({ 'GET _unknown 200': 1 })
    expect(await series('http_request_errors_total')).toEqual({ 'GET _unknown client_abort': 1 })
  })
})

test('over HTTP/2 nothing stays in flight when the session is destroyed', async () => {
  const server = createHttp2Server((_request, response) => void response.write('first'))
  instrumentServer(server, { monitor })
  await overHttp2(server, async client => {
    const streams = [client.request(), client.request()]
    await Promise.all(streams.map(stream => once(stream, 'data')))
    for (const stream of streams) stream.on('error', () => {})
    client.destroy()
    await settled({ 'GET _unknown 200': 2 })
  })
})

test('an HTTP/2 server that serves streams alone goes on as before', async () => {
  const server = createHttp2Server()
  server.on('stream', stream => {
    stream.respond({ ':status': 200 })
    stream.end('by the stream')
  })
  instrumentServer(server, { monitor })
  expect(server.listenerCount('stream')).toBe(1)
  await overHttp2(server, async client => expect(await text(client.request())).toBe('by the stream'))
  expect(await series('http_requests_total')).toEqual({})
})
