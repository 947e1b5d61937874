import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { internalsOf } from '../monitor/internals.ts'
import { createMonitor, type Monitor } from '../monitor/monitor.ts'
import type { Family } from '../snapshot/snapshot.ts'
import type { Recorder } from './recorder.ts'

let monitor: Monitor
let warnings: string[]

beforeEach(() => {
  warnings = []
  monitor = createMonitor({ storage: 'memory', onWarning: message => warnings.push(message) })
})

afterEach(() => monitor.close())

async function family(name: string, of: Monitor = monitor): Promise<Family> {
  const found = (await of.snapshot()).families.find(candidate => candidate.name === name)
  if (found === undefined) throw new Error(`no family ${name}`)
  return found
}

async function series(name: string, of: Monitor = monitor): Promise<Record<string, number[]>> {
  const { labels, values } = await family(name, of)
  return Object.fromEntries(labels.map((label, i) => [label.join(' '), [...values.of(i)]]))
}

test('an exchange is in the bucket whose bound it does not pass, and in the sum', async () => {
  const recorder = monitor.http({ buckets: [0.25, 0.5, 1] })
  for (const seconds of [0, 0.25, 0.375, 0.5, 1, 1.5]) recorder.record('GET', '/items/:id', 200, seconds)
  expect(await series('http_request_duration_seconds')).toEqual({ 'GET /items/:id 200': [2, 2, 1, 1, 3.625] })
  expect(await series('http_requests_total')).toEqual({ 'GET /items/:id 200': [6] })
  expect(await series('promherd_worker_requests_total')).toEqual({ 1: [6] })
})

test('an exchange is in flight until it is counted, so a process that is killed has it in one of the two', () => {
  const inFlight = (): number => {
    const { overflow, storage } = internalsOf(monitor).store.familyNamed('http_requests_in_flight')!
    return storage.values[overflow]!
  }
  const seen: number[] = []
  const recorder = monitor.http({
    normalizeRoute: route => {
      seen.push(inFlight())
      return route
    },
  })
  const exchange = recorder.begin({ method: 'GET', url: '/', headers: {} })
  exchange.end('/', 200)
  expect([...seen, inFlight()]).toEqual([1, 0])
})

test('a time that is none counts as no time', async () => {
  const recorder = monitor.http({ buckets: [1] })
  recorder.record('GET', '/', 200, Number.NaN)
  recorder.record('GET', '/', 200, -1)
  expect(await series('http_request_duration_seconds')).toEqual({ 'GET / 200': [2, 0, 0] })
})

test('methods, routes and statuses are kept apart, and failures have their category', async () => {
  const recorder = monitor.http()
  recorder.record('GET', '/a', 200, 0)
  recorder.record('POST', '/a', 200, 0)
  recorder.record('BREW', '/a', 404, 0)
  recorder.record('MAKE', '/a', 410, 0)
  recorder.record('GET', '/b', 499, 0)
  expect(await series('http_requests_total')).toEqual({
    'GET /a 200': [1],
    'POST /a 200': [1],
    '_OTHER /a 404': [1],
    '_OTHER /a 410': [1],
    'GET /b 499': [1],
  })
  expect(await series('http_request_errors_total')).toEqual({
    '_OTHER /a not_found': [2],
    'GET /b client_abort': [1],
  })
})

test('routes without end share one series, and what they hold is still exact', async () => {
  const recorder = monitor.http()
  for (let i = 0; i < 1500; i++) recorder.record('GET', `/made-up/${i}`, 404, 0)
  recorder.record('GET', '/made-up/1400', 404, 0)
  const requests = await series('http_requests_total')
  expect(Object.keys(requests)).toHaveLength(1001)
  expect(requests['_overflow _overflow _overflow']).toEqual([501])
  expect((await series('promherd_series_dropped_total'))['http_request_duration_seconds']).toEqual([501])
  expect((await series('http_request_errors_total'))['_overflow _overflow _overflow']).toEqual([501])
})

test('two recorders of one store add to the same series, and must mean the same buckets', () => {
  monitor.http({ buckets: [1, 2] })
  monitor.http({ buckets: [1, 2] })
  expect(() => monitor.http({ buckets: [1, 3] })).toThrow(
    expect.objectContaining({ code: 'ERR_PROMHERD_FAMILY_CONFLICT' }),
  )
})

test('options are checked', () => {
  expect(() => monitor.http({ bucket: [1] } as never)).toThrow(/`bucket`. Did you mean `buckets`/)
  expect(() => monitor.http({ buckets: [2, 1] })).toThrow(expect.objectContaining({ code: 'ERR_PROMHERD_BAD_BUCKETS' }))
  expect(() => monitor.http({ ignore: true as never })).toThrow(
    expect.objectContaining({ code: 'ERR_PROMHERD_BAD_OPTION' }),
  )
})

test('an exchange begun by hand is counted when it ends, once', async () => {
  const recorder = monitor.http({ ignore: request => request.url === '/ignored' })
  const exchange = recorder.begin({ method: 'GET', url: '/', headers: {} })
  expect(await series('http_requests_in_flight')).toEqual({ '': [1] })
  exchange.end('/', 500, new Error('broken'))
  exchange.end('/', 200)
  recorder.begin({ method: 'GET', url: '/ignored', headers: {} }).end('/', 200)
  recorder.begin({ method: 'PUT', url: '/', headers: {} }).end(undefined, 499)
  expect(await series('http_requests_in_flight')).toEqual({ '': [0] })
  expect(await series('http_requests_total')).toEqual({ 'GET / 500': [1], 'PUT _middleware 499': [1] })
  expect(await series('http_request_errors_total')).toEqual({
    'GET / exception': [1],
    'PUT _middleware client_abort': [1],
  })
})

async function serving(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server: Server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

async function ask(url: string): Promise<void> {
  const [response] = (await once(get(url), 'response')) as [IncomingMessage]
  await response.resume().toArray()
}

/** The exchange ends a moment after the client has read it. */
async function recorded(of: Monitor = monitor): Promise<Record<string, number[]>> {
  await expect.poll(() => series('http_requests_in_flight', of), { timeout: 10_000, interval: 5 }).toEqual({ '': [0] })
  return series('http_requests_total', of)
}

function answering(...recorders: readonly (readonly [Recorder, string | undefined])[]): RequestListener {
  return (request, response) => {
    for (const [recorder, route] of recorders) recorder.follow(request, response, () => route, undefined)
    response.end()
  }
}

test('a response that two layers follow is counted once, with the route of the inner one', async () => {
  const layers = answering([monitor.http(), '/outer'], [monitor.http(), '/inner'])
  await serving(layers, async url => {
    await ask(url)
    expect(await recorded()).toEqual({ 'GET /inner 200': [1] })
  })
})

test('a response that two monitors follow is counted by each, by the innermost route that is known to it', async () => {
  const other = createMonitor({ storage: 'memory' })
  const layers = answering([monitor.http(), '/one'], [other.http(), '/other'], [monitor.http(), undefined])
  await serving(layers, async url => {
    await ask(url)
    expect(await recorded()).toEqual({ 'GET /one 200': [1] })
    expect(await recorded(other)).toEqual({ 'GET /other 200': [1] })
  })
  await other.close()
})

test('a route that cannot be determined is _unknown, and the failure is counted', async () => {
  const recorder = monitor.http()
  const listener: RequestListener = (request, response) => {
    const fail = (): never => {
      throw new Error('of the user')
    }
    recorder.follow(request, response, fail, undefined)
    response.end()
  }
  await serving(listener, async url => {
    await ask(url)
    expect(await recorded()).toEqual({ 'GET _unknown 200': [1] })
  })
  expect((await series('promherd_internal_errors_total'))['callback']).toEqual([1])
  expect(warnings).toEqual(['the route could not be determined: Error: of the user'])
})

test('what is no response harms nothing', async () => {
  const recorder = monitor.http()
  recorder.follow({} as never, {} as never, () => undefined, undefined)
  recorder.follow(undefined as never, undefined as never, () => undefined, undefined)
  recorder.fail(undefined as never, new Error('broken'))
  expect((await series('promherd_internal_errors_total'))['http']).toEqual([3])
  expect(await series('http_requests_in_flight')).toEqual({ '': [0] })
})

test('a client that has left before its exchange is followed is counted, and does not stay in flight', async () => {
  const recorder = monitor.http()
  const listener: RequestListener = async (request, response) => {
    await once(request.socket, 'close')
    recorder.follow(request, response, () => '/late', undefined)
    response.end()
  }
  await serving(listener, async url => {
    const sent = get(url).on('error', () => {})
    await once(sent, 'socket')
    sent.on('finish', () => sent.destroy())
    await expect.poll(() => series('http_requests_total')).toEqual({ 'GET _unknown 499': [1] })
    expect(await series('http_requests_in_flight')).toEqual({ '': [0] })
  })
})

test('the error of an aborted response is passed on with the status that was sent, whatever was set since', async () => {
  const statuses: number[] = []
  const recorder = monitor.http({ categorize: (_error, { statusCode }) => void statuses.push(statusCode) })
  const listener: RequestListener = (request, response) => {
    recorder.follow(request, response, () => '/torn', undefined)
    response.write('first', () => {
      response.statusCode = 444
      response.destroy(new TypeError('torn'))
    })
  }
  await serving(listener, async url => {
    const [response] = (await once(get(url), 'response')) as [IncomingMessage]
    await expect(response.toArray()).rejects.toThrow('aborted')
    await expect.poll(() => series('http_requests_total')).toEqual({ 'GET /torn 200': [1] })
    expect(await series('http_request_errors_total')).toEqual({ 'GET /torn exception': [1] })
    expect(statuses).toEqual([200])
  })
})

test('a connection has one listener of ours, however many requests it carries', async () => {
  const recorder = monitor.http()
  const counts: number[] = []
  const listener: RequestListener = (request, response) => {
    recorder.follow(request, response, () => '/', undefined)
    counts.push(request.socket.listenerCount('close'))
    response.end()
  }
  await serving(listener, async url => {
    const { Agent } = await import('node:http')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let i = 0; i < 20; i++) {
      const [response] = (await once(get(url, { agent }), 'response')) as [IncomingMessage]
      await response.resume().toArray()
    }
    agent.destroy()
    expect(await recorded()).toEqual({ 'GET / 200': [20] })
  })
  expect(new Set(counts).size).toBe(1)
})
