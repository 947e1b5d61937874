import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMonitor, type Monitor } from '../../monitor/monitor.ts'
import type { RequestLike } from '../labels/request-like.ts'
import type { HttpOptions } from './http-options.ts'

let monitor: Monitor
let warnings: string[]

beforeEach(() => {
  warnings = []
  monitor = createMonitor({ storage: 'memory', onWarning: message => warnings.push(message) })
})

afterEach(() => monitor.close())

async function series(name: string): Promise<Record<string, number>> {
  const family = (await monitor.snapshot()).families.find(candidate => candidate.name === name)
  // A family in which nothing was counted is not in a snapshot.
  if (family === undefined) return {}
  const count = (i: number): number => {
    const buckets = family.buckets.length + (family.buckets.length > 0 ? 1 : 0)
    const values = family.values.of(i).subarray(0, Math.max(1, buckets))
    return values.reduce((sum, value) => sum + value, 0)
  }
  return Object.fromEntries(family.labels.map((labels, i) => [labels.join(' '), count(i)]))
}

async function namesOf(name: string): Promise<readonly string[] | undefined> {
  return (await monitor.snapshot()).families.find(family => family.name === name)?.labelNames
}

/** Serves one request, by hand. */
function serve(options: HttpOptions, ...requests: readonly Partial<RequestLike & { tenant: string }>[]): void {
  const recorder = monitor.http(options)
  for (const request of requests) recorder.begin({ method: 'GET', url: '/', headers: {}, ...request }).end('/', 200)
}

function thrownBy(options: unknown): unknown {
  try {
    monitor.http(options as HttpOptions)
  } catch (error) {
    return error
  }
  return undefined
}

const tenant = (request: RequestLike): string | undefined => (request as { tenant?: string }).tenant

describe('labels', () => {
  test('a constant stands in every series of an exchange, and in no other', async () => {
    const recorder = monitor.http({ labels: { tier: 'web', app: 'shop' } })
    recorder.record('GET', '/', 404, 0)
    expect(await namesOf('http_requests_total')).toEqual(['method', 'route', 'status_code', 'app', 'tier'])
    expect(await series('http_requests_total')).toEqual({ 'GET / 404 shop web': 1 })
    expect(await series('http_request_duration_seconds')).toEqual({ 'GET / 404 shop web': 1 })
    expect(await series('http_request_errors_total')).toEqual({ 'GET / not_found shop web': 1 })
    expect(await namesOf('http_requests_in_flight')).toEqual([])
    expect(await namesOf('promherd_worker_requests_total')).toEqual(['worker'])
  })

  test('a computed value that was not declared is _other', async () => {
    const labels = { tenant: { values: ['a', 'b'], value: tenant } }
    serve({ labels }, { tenant: 'a' }, { tenant: 'b' }, { tenant: 'b' }, { tenant: 'evil' }, { tenant: 'more' })
    expect(await series('http_requests_total')).toEqual({ 'GET / 200 a': 1, 'GET / 200 b': 2, 'GET / 200 _other': 2 })
  })

  test('beyond the number of values that may be, all others are one', async () => {
    const labels = { tenant: { maxValues: 2, value: tenant } }
    serve({ labels }, ...['a', 'b', 'c', 'd', 'a', 'b', 'c'].map(name => ({ tenant: name })))
    expect(await series('http_requests_total')).toEqual({
      'GET / 200 a': 2,
      'GET / 200 b': 2,
      'GET / 200 _other': 3,
    })
    expect(await series('promherd_series_dropped_total')).toEqual({})
  })

  test('twenty values are kept unless it is said otherwise', async () => {
    const requests = Array.from({ length: 30 }, (_, i) => ({ tenant: `t${i}` }))
    serve({ labels: { tenant: { value: tenant } } }, ...requests)
    const counts = await series('http_requests_total')
    expect(Object.keys(counts)).toHaveLength(21)
    expect(counts['GET / 200 _other']).toBe(10)
  })

  test('what is too long to be a name of something is not kept', async () => {
    serve({ labels: { tenant: { value: tenant } } }, { tenant: 'x'.repeat(129) }, { tenant: 'x'.repeat(128) })
    expect(await series('http_requests_total')).toEqual({
      'GET / 200 _other': 1,
      [`GET / 200 ${'x'.repeat(128)}`]: 1,
    })
  })

  test('no value is an empty label, which is the same as none', async () => {
    serve({ labels: { tenant: { values: ['a'], value: tenant } } }, {})
    expect(await series('http_requests_total')).toEqual({ 'GET / 200 ': 1 })
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('of the user')
      },
      'the label `tenant` threw: Error: of the user',
    ],
    ['answers a number', () => 7 as never, 'the label `tenant` returned something that is not a string'],
    [
      'answers a promise that rejects',
      () => Promise.reject(new Error('late')) as never,
      'the label `tenant` returned something that is not a string',
    ],
  ])('a label that %s is _unknown and one error', async (_what, value, warning) => {
    serve({ labels: { tenant: { values: ['a'], value } } }, {})
    expect(await series('http_requests_total')).toEqual({ 'GET / 200 _unknown': 1 })
    expect((await series('promherd_internal_errors_total'))['callback']).toBe(1)
    expect(warnings).toEqual([warning])
  })

  test('the function is called with the context', () => {
    const seen: unknown[] = []
    const value = (...given: unknown[]): string => {
      seen.push(...given)
      return 'a'
    }
    const request = { method: 'GET', headers: {} }
    const context = { user: 1 }
    monitor
      .http({ labels: { tenant: { value } } })
      .begin(request, context)
      .end('/', 200)
    expect(seen).toEqual([request, undefined, context])
  })

  test('an exchange that was not followed has no computed value', async () => {
    monitor.http({ labels: { tenant: { values: ['a'], value: tenant } } }).record('GET', '/', 200, 0)
    expect(await series('http_requests_total')).toEqual({ 'GET / 200 _unknown': 1 })
  })

  test('computed labels without end are bounded with all the others, and totals stay exact', async () => {
    const recorder = monitor.http({
      maxSeries: 50,
      labels: { a: { maxValues: 20, value: tenant }, b: { maxValues: 20, value: request => request.url } },
    })
    for (let i = 0; i < 400; i++) {
      const request = { method: 'GET', url: `/${i % 20}`, headers: {}, tenant: String(Math.floor(i / 20)) }
      recorder.begin(request).end('/', 200)
    }
    const counts = await series('http_requests_total')
    expect(Object.keys(counts)).toHaveLength(51)
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(400)
  })

  test('two recorders of one store must mean the same labels, in whatever order', () => {
    monitor.http({ labels: { app: 'shop', tier: 'web' } })
    monitor.http({ labels: { tier: 'api', app: 'shop' } })
    expect(() => monitor.http({ labels: { tier: 'web' } })).toThrow(
      expect.objectContaining({ code: 'ERR_PROMHERD_FAMILY_CONFLICT' }),
    )
    expect(() => monitor.http()).toThrow(expect.objectContaining({ code: 'ERR_PROMHERD_FAMILY_CONFLICT' }))
  })

  test.each(['method', 'route', 'category', 'worker', 'le', 'quantile', '__name__', 'error_type'])(
    'the name %s is taken',
    name => expect(thrownBy({ labels: { [name]: 'x' } })).toMatchObject({ code: 'ERR_PROMHERD_BAD_OPTION' }),
  )

  test.each(['', '1st', 'a-b', 'a.b', 'a:b', 'ä'])('the name %j is none', name =>
    expect(thrownBy({ labels: { [name]: 'x' } })).toMatchObject({ code: 'ERR_PROMHERD_BAD_NAME' }),
  )
})

describe('options are checked at the door', () => {
  const value = (): string => 'a'
  test.each<[unknown, RegExp]>([
    [{ labels: ['a'] }, /`the HTTP options.labels` to be an object/],
    [{ labels: { a: 1 } }, /`the HTTP options.labels.a` to be a string or an object/],
    [{ labels: { a: {} } }, /`the HTTP options.labels.a.value` to be a function, but got undefined/],
    [{ labels: { a: { value, values: [] } } }, /`the HTTP options.labels.a.values` to be a list of strings/],
    [{ labels: { a: { value, maxValues: 0 } } }, /`the HTTP options.labels.a.maxValues` to be an integer/],
    [{ labels: { a: { value, vaules: ['x'] } } }, /`vaules`. Did you mean `values`/],
    [{ labels: { a: { value, values: ['x'], maxValues: 2 } } }, /to be absent beside `values`/],
    [{ bodySize: 1 }, /`the HTTP options.bodySize` to be `true` or `false`/],
    [{ timeToFirstByte: 'yes' }, /`the HTTP options.timeToFirstByte` to be `true` or `false`/],
    [{ naming: 'otel' }, /to be one of 'prometheus', 'opentelemetry'/],
    [{ maxSeries: 0 }, /`the HTTP options.maxSeries` to be an integer from 1/],
    [{ ignore: '/healthz' }, /`the HTTP options.ignore` to be a list of paths and regular expressions, or a function/],
    [{ ignore: ['healthz'] }, /to be a list of paths and regular expressions, or a function/],
    [{ ignore: ['/a?b'] }, /to be a list of paths and regular expressions, or a function/],
    [{ categorize: true }, /`the HTTP options.categorize` to be a function/],
    [{ categories: ['Upper'] }, /`the HTTP options.categories\[0\]` to be a name of lower-case/],
    [{ categories: ['timeout'] }, /to be a new name/],
    [{ initialize: true }, /Expected only known options in the HTTP options, but got `initialize`/],
    [{ maxSerie: 1 }, /Did you mean `maxSeries`/],
  ])('%j', (options, message) => {
    expect((thrownBy(options) as Error).message).toMatch(message)
  })

  test('a wrong one is no option for the compiler either', () => {
    const known: HttpOptions = {
      labels: { a: 'x', b: { value, values: ['a'] }, c: { value, maxValues: 3 } },
      naming: 'opentelemetry',
    }
    // @ts-expect-error: there is no such option.
    const unknown: HttpOptions = { size: true }
    // @ts-expect-error: a naming is one of two.
    const naming: HttpOptions = { naming: 'otel' }
    // @ts-expect-error: a value is text.
    const number: HttpOptions = { labels: { a: 1 } }
    // @ts-expect-error: what is computed needs a function.
    const nothing: HttpOptions = { labels: { a: { values: ['x'] } } }
    // @ts-expect-error: a label is text, at once.
    const late: HttpOptions = { labels: { a: { value: async () => 'x' } } }
    // @ts-expect-error: only some adapters know their routes before.
    const initialize: HttpOptions = { initialize: true }
    const narrowed: HttpOptions = {
      labels: { a: { value: (request: RequestLike & { user: string }) => request.user } },
    }
    expect([known, unknown, naming, number, nothing, late, initialize, narrowed]).toHaveLength(8)
  })
})

describe('maxSeries', () => {
  test('what a full family cannot take is in one series, and is counted', async () => {
    const recorder = monitor.http({ maxSeries: 3 })
    for (let i = 0; i < 10; i++) recorder.record('GET', `/${i}`, 500, 0)
    expect(await series('http_requests_total')).toEqual({
      'GET /0 500': 1,
      'GET /1 500': 1,
      'GET /2 500': 1,
      '_overflow _overflow _overflow': 7,
    })
    expect(await series('promherd_series_dropped_total')).toEqual({
      http_request_duration_seconds: 7,
      http_request_errors_total: 7,
    })
  })

  test('recorders that name none take what there is; one that names another is refused', () => {
    monitor.http({ maxSeries: 3 })
    monitor.http()
    monitor.http({ maxSeries: 3 })
    expect(thrownBy({ maxSeries: 4 })).toMatchObject({
      code: 'ERR_PROMHERD_FAMILY_CONFLICT',
      message: expect.stringContaining('maxSeries 3'),
    })
  })
})

describe('ignore', () => {
  test('a list of paths is compared whole, without the query', async () => {
    const paths = ['/healthz?verbose', '/healthz', '/healthz/', '/healthz/more', 'http://host/healthz?x', '/other']
    serve({ ignore: ['/healthz'] }, ...paths.map(url => ({ url })))
    expect(await series('http_requests_total')).toEqual({ 'GET / 200': 3 })
  })

  test('below a mount of Express it is the whole path that counts', async () => {
    const mounted = { url: '/healthz', originalUrl: '/api/healthz' }
    serve({ ignore: ['/healthz'] }, mounted, { url: '/x', originalUrl: '/healthz' } as never)
    expect(await series('http_requests_total')).toEqual({ 'GET / 200': 1 })
  })
})

describe('categorize', () => {
  test('is asked of failures alone, and answers what was declared', async () => {
    const asked: unknown[] = []
    const recorder = monitor.http({
      categories: ['payment_refused'],
      categorize: (error, { route, statusCode }) => {
        asked.push([(error as Error | undefined)?.message, route, statusCode])
        if (route === '/pay') return 'payment_refused'
        return route === '/odd' ? 'odd' : undefined
      },
    })
    const request = { method: 'GET', headers: {} }
    recorder.begin(request).end('/fine', 200)
    recorder.begin(request).end('/pay', 402, new Error('no money'))
    recorder.begin(request).end('/missing', 404)
    recorder.begin(request).end('/odd', 500, new Error('odd'))
    expect(asked).toEqual([
      ['no money', '/pay', 402],
      [undefined, '/missing', 404],
      ['odd', '/odd', 500],
    ])
    expect(await series('http_request_errors_total')).toEqual({
      'GET /pay payment_refused': 1,
      'GET /missing not_found': 1,
      'GET /odd exception': 1,
    })
    expect(warnings).toEqual(['`categorize` returned a category that was not declared: odd'])
  })
})

describe('a recorder can show a route before its first exchange', () => {
  test('as zero, by the route that will be recorded', async () => {
    const recorder = monitor.http({ normalizeRoute: route => route.toLowerCase(), labels: { tier: 'web' } })
    recorder.initialize('GET', '/Items')
    recorder.initialize('POST', '/items', 201)
    expect(await series('http_requests_total')).toEqual({ 'GET /items 200 web': 0, 'POST /items 201 web': 0 })
    recorder.record('GET', '/items', 200, 0)
    expect((await series('http_requests_total'))['GET /items 200 web']).toBe(1)
  })

  test('as long as there is room, and nothing counts as dropped', async () => {
    const recorder = monitor.http({ maxSeries: 2 })
    for (const route of ['/a', '/b', '/c']) recorder.initialize('GET', route)
    expect(await series('http_requests_total')).toEqual({ 'GET /a 200': 0, 'GET /b 200': 0 })
    expect(await series('promherd_series_dropped_total')).toEqual({})
  })
})
