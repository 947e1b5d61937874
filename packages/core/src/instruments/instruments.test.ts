import { describe, expect, test } from 'vitest'
import { internalsOf } from '../monitor/internals.ts'
import { createMonitor, type Monitor } from '../monitor/monitor.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { exponentialBuckets, linearBuckets } from './histogram.ts'

const C = { name: 'jobs_total', help: 'Jobs.' } as const

function stage(): { monitor: Monitor; warnings: string[]; show: (name: string) => Promise<Record<string, number[]>> } {
  const warnings: string[] = []
  const monitor = createMonitor({ promClient: false, onWarning: message => warnings.push(message) })
  const show = async (name: string): Promise<Record<string, number[]>> => seriesOf(await monitor.snapshot(), name)
  return { monitor, warnings, show }
}

function seriesOf({ families }: Snapshot, name: string): Record<string, number[]> {
  const family = families.find(each => each.name === name)
  // A gauge has a second number where combining herds needs one.
  const numbers = (i: number): number[] =>
    family!.type === 'gauge' ? [family!.values.get(i)] : [...family!.values.of(i)]
  return Object.fromEntries((family?.labels ?? []).map((labels, i) => [labels.join(), numbers(i)]))
}

describe('a counter', () => {
  test('without labels counts from zero, and is shown before it has counted', async () => {
    const { monitor, show } = stage()
    const jobs = monitor.counter(C)
    expect(await show('jobs_total')).toEqual({ '': [0] })
    jobs.inc()
    jobs.inc(2.5)
    expect(await show('jobs_total')).toEqual({ '': [3.5] })
    jobs.clear()
    expect(await show('jobs_total')).toEqual({ '': [0] })
  })

  test('with labels has a series once it is asked for, by names in any order or by position', async () => {
    const { monitor, show } = stage()
    const jobs = monitor.counter({ ...C, labels: ['method', 'status'] })
    jobs.labels('GET', 200).inc()
    jobs.labels({ status: '200', method: 'GET' }).inc(2)
    jobs.labels('PUT', '500')
    expect(await show('jobs_total')).toEqual({ 'GET,200': [3], 'PUT,500': [0] })
  })

  test('leaves out what is no count, throws nothing, and says so', async () => {
    const { monitor, warnings, show } = stage()
    const jobs = monitor.counter(C)
    for (const amount of [-1, Number.NaN, Number.POSITIVE_INFINITY, '1', null, 1n]) jobs.inc(amount as never)
    expect(await show('jobs_total')).toEqual({ '': [0] })
    expect((await show('promherd_internal_errors_total'))['instrument']).toEqual([6])
    expect(warnings).toEqual([
      'Expected `jobs_total` to be an amount that is finite and not negative, but got -1. It was not recorded.',
    ])
  })

  test('takes labels that are wrong as well as it can, and says so', async () => {
    const { monitor, warnings, show } = stage()
    const jobs = monitor.counter({ ...C, labels: ['method', 'constructor'] })
    const labels = jobs.labels as (...given: unknown[]) => { inc(): void }
    for (const given of [[], ['a'], [{ method: 'a' }], [{}], ['a', {}], ['a', '', 'c'], [null, Symbol('s')]]) {
      labels.call(jobs, ...given).inc()
    }
    expect(await show('jobs_total')).toEqual({ ',': [3], 'a,': [4] })
    expect((await show('promherd_internal_errors_total'))['instrument']).toEqual([7])
    expect(warnings[0]).toContain('Expected 2 label values for `jobs_total` (method, constructor), but got 0.')
  })

  test('of the worker is kept apart', async () => {
    const { monitor, show } = stage()
    monitor
      .counter({ ...C, labels: ['a'], aggregator: 'worker' })
      .labels('x')
      .inc()
    expect(await show('jobs_total')).toEqual({ 'x,1': [1] })
  })
})

describe('a gauge', () => {
  test.each(['sum', 'max', 'min', 'average', 'first', 'latest', 'worker'] as const)(
    'of %s is shown once it is set',
    async aggregator => {
      const { monitor, show } = stage()
      const queue = monitor.gauge({ name: 'queue', help: 'Queue.', aggregator })
      expect(await show('queue')).toEqual({})
      queue.inc(3)
      queue.dec()
      const key = aggregator === 'worker' ? '1' : ''
      expect(await show('queue')).toEqual({ [key]: [2] })
      queue.set(-7)
      expect(await show('queue')).toEqual({ [key]: [-7] })
      queue.clear()
      expect(await show('queue')).toEqual({})
      queue.dec(2)
      expect(await show('queue')).toEqual({ [key]: [-2] })
    },
  )

  test('takes any number and nothing else', async () => {
    const { monitor, show } = stage()
    const queue = monitor.gauge({ name: 'queue', help: 'Queue.', labels: ['a'] })
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) queue.labels(value).set(value)
    queue.labels('NaN').inc()
    for (const wrong of ['1', 1n, null]) queue.labels('x').set(wrong as never)
    queue.labels('x').dec(2n as never)
    expect(await show('queue')).toEqual({ NaN: [Number.NaN], '-Infinity': [Number.NEGATIVE_INFINITY] })
    expect((await show('promherd_internal_errors_total'))['instrument']).toEqual([4])
  })

  test('can be the time', async () => {
    const { monitor, show } = stage()
    const before = Date.now() / 1000
    monitor.gauge({ name: 'done', help: 'Done.', aggregator: 'latest' }).setToCurrentTime()
    const [time] = (await show('done'))['']!
    expect(time).toBeGreaterThanOrEqual(before)
    expect(time).toBeLessThanOrEqual(Date.now() / 1000)
  })

  test('that has no place left is not shown, since gauges of several series do not add up', async () => {
    const { monitor, show } = stage()
    const queue = monitor.gauge({ name: 'queue', help: 'Queue.', labels: ['a'], maxSeries: 1 })
    queue.labels('x').set(1)
    const late = queue.labels('y')
    late.set(5)
    late.inc()
    expect(await show('queue')).toEqual({ x: [1] })
    expect(await show('promherd_series_dropped_total')).toEqual({ queue: [2] })
    queue.remove('x')
    late.set(6)
    expect(await show('queue')).toEqual({ y: [6] })
  })
})

describe('a histogram', () => {
  test('counts each observation in the first bucket that it is not above', async () => {
    const { monitor, show } = stage()
    const sizes = monitor.histogram({ name: 'sizes', help: 'Sizes.', buckets: [1, 2] })
    for (const size of [0.5, 1, 1.5, 2, 3, -1]) sizes.observe(size)
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, '1']) sizes.observe(wrong as never)
    expect(await show('sizes')).toEqual({ '': [3, 2, 1, 7] })
    expect((await show('promherd_internal_errors_total'))['instrument']).toEqual([3])
    sizes.clear()
    expect(await show('sizes')).toEqual({ '': [0, 0, 0, 0] })
  })

  test('has a clock, which observes what it answers', async () => {
    const { monitor, show } = stage()
    const times = monitor.histogram({ name: 'times', help: 'Times.', labels: ['a'] })
    const end = times.labels('x').startTimer()
    const seconds = end()
    const numbers = (await show('times'))['x']!
    expect(numbers).toHaveLength(16)
    expect(numbers.at(-1)).toBe(seconds)
    expect(seconds).toBeGreaterThan(0)
  })

  test('has buckets that rise evenly or ever faster', () => {
    expect(linearBuckets(1, 0.5, 3)).toEqual([1, 1.5, 2])
    expect(exponentialBuckets(1, 4, 3)).toEqual([1, 4, 16])
    for (const wrong of [
      () => linearBuckets(1, 0, 3),
      () => exponentialBuckets(1, 1, 2),
      () => linearBuckets(1, 1, 0),
    ]) {
      expect(wrong).toThrow(expect.objectContaining({ code: 'ERR_PROMHERD_BAD_OPTION' }))
    }
    expect(() => exponentialBuckets(1, 1e300, 3)).toThrow('exponentialBuckets')
  })
})

describe('a series', () => {
  test('that was removed is not served, and a caller that holds it begins again at zero', async () => {
    const { monitor, show } = stage()
    const jobs = monitor.counter({ ...C, labels: ['a'] })
    const held = jobs.labels('x')
    held.inc(5)
    jobs.labels('y').inc()
    jobs.remove({ a: 'x' })
    jobs.remove('never')
    expect(await show('jobs_total')).toEqual({ y: [1] })
    held.inc()
    expect(await show('jobs_total')).toEqual({ x: [1], y: [1] })
    jobs.labels('x').inc()
    expect(await show('jobs_total')).toEqual({ x: [2], y: [1] })
  })

  test('takes the slots that a removed one has left, and none of its numbers', async () => {
    const { monitor, show } = stage()
    const sizes = monitor.histogram({ name: 'sizes', help: 'Sizes.', labels: ['a'], buckets: [1] })
    sizes.labels('0').observe(1)
    const { length } = internalsOf(monitor).store.storage.values
    for (let i = 0; i < 20_000; i++) {
      sizes.remove(String(i))
      sizes.labels(String(i + 1)).observe(3)
    }
    expect(await show('sizes')).toEqual({ 20000: [0, 1, 3] })
    expect(internalsOf(monitor).store.storage.values.length).toBe(length)
  })

  test('that has no place shares one, is counted as dropped each time, and takes the place that becomes free', async () => {
    const { monitor, show } = stage()
    const jobs = monitor.counter({ ...C, labels: ['a'], maxSeries: 2 })
    for (const name of ['x', 'y', 'z']) jobs.labels(name)
    const late = jobs.labels('z')
    late.inc(3)
    late.inc(4)
    late.clear()
    expect(await show('jobs_total')).toEqual({ x: [0], y: [0], _overflow: [7] })
    expect(await show('promherd_series_dropped_total')).toEqual({ jobs_total: [2] })
    jobs.remove('x')
    late.inc(1)
    expect(await show('jobs_total')).toEqual({ y: [0], z: [1], _overflow: [7] })
    jobs.clear()
    expect(await show('jobs_total')).toEqual({})
  })

  test('that comes when a process has named all the series that it may is counted with the rest', async () => {
    const { monitor, show } = stage()
    const jobs = monitor.counter({ ...C, labels: ['a'] })
    const named = 70_000
    for (let i = 0; i < named; i++) {
      jobs.labels(String(i)).inc()
      jobs.remove(String(i))
    }
    jobs.labels('late').inc(5)
    const { _overflow: rest, ...others } = await show('jobs_total')
    expect(others).toEqual({})
    expect(rest![0]).toBeGreaterThan(5)
    expect(await show('promherd_series_dropped_total')).toEqual({ jobs_total: [rest![0]! - 4] })
    expect((await show('promherd_internal_errors_total'))['store_full']).toEqual([1])
    monitor
      .counter({ name: 'other_total', help: 'Other.', labels: ['a'] })
      .labels('x')
      .inc()
    expect(await show('other_total')).toEqual({ x: [1] })
    // Bounded: each series takes two lines, its name and its end.
    expect(internalsOf(monitor).store.linesFrom(0).length).toBeLessThan(2 ** 17 + 10)
  })

  test('whose label is half a surrogate pair is one series with the others that are', async () => {
    const { monitor, show } = stage()
    const jobs = monitor.counter({ ...C, labels: ['a'] })
    for (const half of ['\ud800', '\ud801', '\ud800']) jobs.labels(half).inc()
    expect(await show('jobs_total')).toEqual({ '\ufffd': [3] })
    jobs.remove('\ud802')
    expect(await show('jobs_total')).toEqual({})
    jobs.labels('\ud800').inc()
    expect(await show('jobs_total')).toEqual({ '\ufffd': [1] })
  })
})

describe('a declaration', () => {
  test('that comes again answers the same metric', () => {
    const { monitor } = stage()
    expect(monitor.counter({ ...C, labels: ['a'] })).toBe(monitor.counter({ ...C, labels: ['a'] }))
    expect(() => monitor.counter(C)).toThrow(expect.objectContaining({ code: 'ERR_PROMHERD_FAMILY_CONFLICT' }))
    expect(() => monitor.gauge({ ...C, labels: ['a'] })).toThrow('`jobs_total`')
  })

  test('of a name whose numbers come from elsewhere is refused', () => {
    const { monitor } = stage()
    internalsOf(monitor).store.family({ ...C, type: 'counter', labels: [], buckets: [], aggregator: 'sum' })
    expect(() => monitor.counter(C)).toThrow(expect.objectContaining({ code: 'ERR_PROMHERD_FAMILY_CONFLICT' }))
  })

  test.each([
    ['BAD_NAME', { ...C, name: '1st' }],
    ['BAD_NAME', { ...C, name: 'a-b' }],
    ['BAD_NAME', { help: 'No name.' }],
    ['BAD_NAME', { ...C, labels: ['a:b'] }],
    ['BAD_NAME', { ...C, labels: [1] }],
    ['RESERVED_NAME', { ...C, name: 'http_requests_total' }],
    ['RESERVED_NAME', { ...C, name: 'http_request_duration_seconds_bucket' }],
    ['RESERVED_NAME', { ...C, labels: ['__name__'] }],
    ['RESERVED_NAME', { ...C, labels: ['worker'], aggregator: 'worker' }],
    ['BAD_OPTION', { name: 'a' }],
    ['BAD_OPTION', { ...C, labels: 'a' }],
    ['BAD_OPTION', { ...C, labels: ['a', 'a'] }],
    ['BAD_OPTION', { ...C, aggregator: 'max' }],
    ['BAD_OPTION', { ...C, maxSeries: 0 }],
    ['BAD_OPTION', { ...C, expireAfterSeconds: 1 }],
    ['BAD_OPTION', { ...C, labels: ['a'], expireAfterSeconds: 0 }],
    ['BAD_OPTION', null],
    ['UNKNOWN_OPTION', { ...C, labelNames: ['a'] }],
    ['UNKNOWN_OPTION', { ...C, buckets: [1] }],
  ])('is refused with %s: %j', (code, options) => {
    const { monitor } = stage()
    expect(() => monitor.counter(options as never)).toThrow(expect.objectContaining({ code: `ERR_PROMHERD_${code}` }))
  })

  test.each([
    ['RESERVED_NAME', { ...C, labels: ['le'] }],
    ['BAD_BUCKETS', { ...C, buckets: [1, 1] }],
    ['BAD_OPTION', { ...C, buckets: [] }],
    ['BAD_OPTION', { ...C, buckets: linearBuckets(1, 1, 1000).concat(1001) }],
  ])('of a histogram is refused with %s: %j', (code, options) => {
    const { monitor } = stage()
    expect(() => monitor.histogram(options as never)).toThrow(expect.objectContaining({ code: `ERR_PROMHERD_${code}` }))
  })

  test('says what was given and what to do', () => {
    const { monitor } = stage()
    expect(() => monitor.counter({ ...C, name: 'http_requests_total' })).toThrow(
      'Expected a metric name that is free, but `http_requests_total` belongs to promherd itself. Rename it.',
    )
  })

  test('has label names that the compiler knows', () => {
    const { monitor } = stage()
    const jobs = monitor.counter({ ...C, labels: ['method', 'status'] })
    const plain = monitor.gauge({ name: 'plain', help: 'Plain.' })
    jobs.labels('GET', 200).inc()
    jobs.labels({ method: 'GET', status: 200 }).inc()
    // @ts-expect-error: a value is missing
    jobs.labels('GET')
    // @ts-expect-error: there is one value too many
    jobs.labels('GET', '200', 'x')
    // @ts-expect-error: a label is missing
    jobs.labels({ method: 'GET' })
    // @ts-expect-error: there is no such label
    jobs.remove({ method: 'GET', status: '200', route: '/' })
    // @ts-expect-error: the label is called otherwise
    jobs.labels({ methd: 'GET', status: '200' })
    // @ts-expect-error: a metric with labels has no value of its own
    expect(() => jobs.inc()).toThrow(TypeError)
    // @ts-expect-error: a metric without labels has no series to choose from
    expect(() => plain.labels()).toThrow(TypeError)
    // @ts-expect-error: counters do not fall
    expect(jobs.labels('GET', '200').dec).toBeUndefined()
    // @ts-expect-error: of counters there is no greatest
    expect(() => monitor.counter({ name: 'x', help: 'X.', aggregator: 'max' })).toThrow()
  })
})
