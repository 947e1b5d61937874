import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect, type Server } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { instrumentServer } from '../../adapter/instrument-server.ts'
import { createMonitor, type Monitor } from '../../monitor/monitor.ts'
import type { Family } from '../../snapshot/snapshot.ts'
import type { HttpOptions } from '../options/http-options.ts'

let monitor: Monitor
let servers: Server[]

beforeEach(() => {
  monitor = createMonitor({ storage: 'memory', onWarning: () => {} })
  servers = []
})

afterEach(async () => {
  delete process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS']
  for (const server of servers) {
    ;(server as { closeAllConnections?: () => void }).closeAllConnections?.()
    server.close()
  }
  await monitor.close()
})

async function family(name: string): Promise<Family | undefined> {
  return (await monitor.snapshot()).families.find(candidate => candidate.name === name)
}

/** The labels of each series that are not empty, and how often it was observed. */
async function series(name: string): Promise<Record<string, number>> {
  const found = await family(name)
  return Object.fromEntries(
    (found?.labels ?? []).map((labels, i) => {
      const named = labels.map((label, j) => [found!.labelNames[j], label]).filter(([, label]) => label !== '')
      const values = found!.values.of(i)
      const counts = found!.type === 'histogram' ? values.subarray(0, -1) : values
      return [named.map(pair => pair.join('=')).join(' '), counts.reduce((sum, count) => sum + count, 0)]
    }),
  )
}

const DURATION = 'http_server_request_duration_seconds'

async function serving(server: Server, options: HttpOptions = { naming: 'opentelemetry' }): Promise<number> {
  servers.push(server)
  instrumentServer(server, { monitor, route: ({ url }) => (url === '/none' ? undefined : '/items/:id'), ...options })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function ask(port: number, path: string, method = 'GET'): Promise<void> {
  const sent = request({ port, path, method, agent: false }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  await response.resume().toArray()
}

async function settled(name: string, expected: Record<string, number>): Promise<void> {
  await expect.poll(() => series(name), { timeout: 10_000, interval: 5 }).toEqual(expected)
}

const byPath: RequestListener = ({ url }, response) => {
  response.statusCode = Number(/\d+/.exec(url!)?.[0] ?? 404)
  response.end('hello')
}

test('under OpenTelemetry the names and labels are those of its conventions', async () => {
  const port = await serving(createServer(byPath), { naming: 'opentelemetry', bodySize: true, timeToFirstByte: true })
  await ask(port, '/200')
  const labels = [
    'http_request_method',
    'url_scheme',
    'error_type',
    'http_response_status_code',
    'http_route',
    'network_protocol_version',
  ]
  const one =
    'http_request_method=GET url_scheme=http http_response_status_code=200 http_route=/items/:id network_protocol_version=1.1'
  for (const name of [
    DURATION,
    'http_server_request_body_size_bytes',
    'http_server_response_body_size_bytes',
    'http_server_request_first_byte_seconds',
  ]) {
    await settled(name, { [one]: 1 })
    expect((await family(name))?.labelNames).toEqual(labels)
  }
  expect((await family('http_server_response_body_size_bytes'))?.values.of(0).at(-1)).toBe(5)
  await settled('http_server_active_requests', { 'http_request_method=GET url_scheme=http': 0 })
  const names = (await monitor.snapshot()).families.map(({ name }) => name)
  expect(names.filter(name => /^http_re/.test(name))).toEqual([])
})

test('error_type is the status of a 5xx, and nothing where the server did its part', async () => {
  const port = await serving(createServer(byPath))
  for (const path of ['/200', '/404', '/503', '/none']) await ask(port, path)
  const rest = 'network_protocol_version=1.1'
  const start = 'http_request_method=GET url_scheme=http'
  await settled(DURATION, {
    [`${start} http_response_status_code=200 http_route=/items/:id ${rest}`]: 1,
    [`${start} http_response_status_code=404 http_route=/items/:id ${rest}`]: 1,
    [`${start} http_response_status_code=404 ${rest}`]: 1,
    [`${start} error_type=503 http_response_status_code=503 http_route=/items/:id ${rest}`]: 1,
  })
  expect(await series('http_request_errors_total')).toEqual({
    'method=GET route=/items/:id category=not_found': 1,
    'method=GET route=_unmatched category=not_found': 1,
    'method=GET route=/items/:id category=overload': 1,
  })
})

test('where no status was sent there is none, and error_type says why', async () => {
  const port = await serving(
    createServer(({ url }, response) => {
      if (url === '/torn') response.write('first')
      else servers[0]!.emit('waiting')
    }),
  )
  for (const path of ['/hold', '/torn']) {
    const seen = path === '/hold' ? once(servers[0]!, 'waiting') : undefined
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`)
    await (seen ?? once(socket, 'data'))
    expect(await series('http_server_active_requests')).toMatchObject({ 'http_request_method=GET url_scheme=http': 1 })
    socket.destroy()
    await settled('http_server_active_requests', { 'http_request_method=GET url_scheme=http': 0 })
  }
  const start = 'http_request_method=GET url_scheme=http error_type=client_abort'
  const rest = 'http_route=/items/:id network_protocol_version=1.1'
  await settled(DURATION, { [`${start} ${rest}`]: 1, [`${start} http_response_status_code=200 ${rest}`]: 1 })
})

test('over HTTP/2 the version is 2', async () => {
  const port = await serving(createHttp2Server((_request, response) => void response.end()))
  const client = connectHttp2(`http://127.0.0.1:${port}`)
  await client.request({ ':path': '/1', ':scheme': 'https' }).resume().toArray()
  const rest = 'http_response_status_code=200 http_route=/items/:id network_protocol_version=2'
  await settled(DURATION, { [`http_request_method=GET url_scheme=http ${rest}`]: 1 })
  client.destroy()
})

test('an exchange without a Node server has the scheme of its request', async () => {
  const recorder = monitor.http({ naming: 'opentelemetry' })
  recorder.begin({ method: 'QUERY', url: 'https://host/', headers: {} }).end('/', 200)
  recorder.begin({ method: 'BREW', url: 'https://host/', headers: {} }).end('/', 499)
  recorder.record('GET', '/', 200, 0)
  expect(await series(DURATION)).toEqual({
    'http_request_method=QUERY url_scheme=https http_response_status_code=200 http_route=/': 1,
    'http_request_method=_OTHER url_scheme=https error_type=client_abort http_route=/': 1,
    'http_request_method=GET http_response_status_code=200 http_route=/': 1,
  })
})

test('the environment may say which methods are known, and not too many', async () => {
  process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS'] = 'GET, BREW,'
  const recorder = monitor.http({ naming: 'opentelemetry' })
  for (const method of ['GET', 'BREW', 'POST']) recorder.record(method, '/', 200, 0)
  expect(Object.keys(await series(DURATION))).toEqual(
    ['GET', 'BREW', '_OTHER'].map(method => `http_request_method=${method} http_response_status_code=200 http_route=/`),
  )
  process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS'] = Array.from({ length: 41 }, (_, i) => `M${i}`).join()
  expect(() => monitor.http({ naming: 'opentelemetry' })).toThrow(
    expect.objectContaining({ code: 'ERR_PROMHERD_BAD_OPTION' }),
  )
  expect(() => monitor.http()).not.toThrow()
})

test('labels of the user and categories of the user work under OpenTelemetry too', async () => {
  const recorder = monitor.http({
    naming: 'opentelemetry',
    labels: { tier: 'web' },
    categories: ['gone_home'],
    categorize: () => 'gone_home',
  })
  recorder.begin({ method: 'GET', url: 'http://host/', headers: {} }).end('/', 499)
  expect(await series(DURATION)).toEqual({
    'http_request_method=GET url_scheme=http error_type=gone_home http_route=/ tier=web': 1,
  })
})

async function firstBytes(): Promise<readonly [string, number][]> {
  const found = await family('http_request_first_byte_seconds')
  return (found?.labels ?? []).map((labels, i) => [labels.join(' '), found!.values.of(i).at(-1)!])
}

async function total(): Promise<number> {
  return (await family('http_request_duration_seconds'))?.values.of(0).at(-1) ?? Number.NaN
}

/** Waits until a clock has gone on by so much. */
async function passed(ms: number): Promise<void> {
  const from = performance.now()
  while (performance.now() - from < ms) await new Promise(resolve => setTimeout(resolve, 5))
}

test.each<[string, RequestListener]>([
  [
    'the first piece',
    async (_request, response) => {
      response.write('a')
      await passed(100)
      response.end('b')
    },
  ],
  [
    'headers that are flushed',
    async (_request, response) => {
      response.flushHeaders()
      await passed(100)
      response.end('b')
    },
  ],
])('the time to the first byte ends with %s', async (_what, listener) => {
  const port = await serving(createServer(listener), { timeToFirstByte: true })
  await ask(port, '/1')
  await settled('http_requests_total', { 'method=GET route=/items/:id status_code=200': 1 })
  const [[labels, seconds]] = (await firstBytes()) as [[string, number]]
  expect(labels).toBe('GET /items/:id 200')
  expect(seconds).toBeGreaterThan(0)
  expect((await total()) - seconds).toBeGreaterThanOrEqual(0.099)
})

test('a head that was written and has not left is no first byte', async () => {
  const port = await serving(
    createServer(async (_request, response) => {
      response.writeHead(200)
      await passed(100)
      response.end('b')
    }),
    { timeToFirstByte: true },
  )
  await ask(port, '/1')
  await settled('http_request_first_byte_seconds', { 'method=GET route=/items/:id status_code=200': 1 })
  expect((await firstBytes())[0]![1]).toBeGreaterThanOrEqual(0.099)
})

test('an answer that waits behind another leaves after it', async () => {
  const port = await serving(
    createServer(async ({ url }, response) => {
      if (url === '/1') await passed(100)
      response.end(url)
    }),
    { timeToFirstByte: true, normalizeRoute: (_route, { url = '' }) => url },
  )
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /1 HTTP/1.1\r\nhost: a\r\n\r\nGET /2 HTTP/1.1\r\nhost: a\r\n\r\n')
  await expect.poll(async () => (await firstBytes()).length, { timeout: 10_000, interval: 5 }).toBe(2)
  for (const [, seconds] of await firstBytes()) expect(seconds).toBeGreaterThan(0.05)
  socket.destroy()
})

test('a client that left before the head did has no first byte', async () => {
  const port = await serving(
    createServer(() => servers[0]!.emit('waiting')),
    { timeToFirstByte: true },
  )
  const seen = once(servers[0]!, 'waiting')
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  await seen
  socket.destroy()
  await settled('http_requests_total', { 'method=GET route=/items/:id status_code=499': 1 })
  expect(await firstBytes()).toEqual([])
})

test('over HTTP/2 the head leaves with writeHead', async () => {
  const port = await serving(
    createHttp2Server(async (_request, response) => {
      response.writeHead(200)
      await passed(100)
      response.end('b')
    }),
    { timeToFirstByte: true },
  )
  const client = connectHttp2(`http://127.0.0.1:${port}`)
  await client.request({ ':path': '/1' }).resume().toArray()
  await settled('http_requests_total', { 'method=GET route=/items/:id status_code=200': 1 })
  expect((await total()) - (await firstBytes())[0]![1]).toBeGreaterThanOrEqual(0.099)
  client.destroy()
})

test('a stream of events is timed under OpenTelemetry, which has no other count of it', async () => {
  const port = await serving(
    createServer((_request, response) => {
      response.setHeader('content-type', 'text/event-stream')
      response.end('data: 1\n\n')
    }),
  )
  await ask(port, '/1')
  const rest = 'http_response_status_code=200 http_route=/items/:id network_protocol_version=1.1'
  await settled(DURATION, { [`http_request_method=GET url_scheme=http ${rest}`]: 1 })
  await settled('http_server_active_requests', { 'http_request_method=GET url_scheme=http': 0 })
})
