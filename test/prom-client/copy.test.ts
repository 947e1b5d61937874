import { createMonitor } from '@promherd/core'
import fc from 'fast-check'
import client from 'prom-client'
import { expect, test } from 'vitest'
import { closeAfterTest, errorCount, monitorOf, served } from './monitors.ts'
import { keyOf, samplesIn } from './samples.ts'

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '"', '\\', '\n', '\\n', ',', '="', '}', '{', 'a:1,b:2', '_overflow', 'é😀', '__proto__', '+Inf'),
)
const amount = fc.double({ min: 0, max: 1e12, noNaN: true })
const anyNumber = fc.oneof(
  amount,
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0.1),
)

test('promherd serves the same samples as prom-client for any recordings', async () => {
  const recording = fc.record({ a: hostile, b: hostile, value: amount, level: anyNumber })
  await fc.assert(
    fc.asyncProperty(fc.array(recording, { maxLength: 20 }), fc.integer({ min: 1, max: 3 }), async (all, rounds) => {
      const register = new client.Registry()
      const labelNames = ['a', 'b'] as const
      const common = { help: 'Help.', labelNames, registers: [register] }
      const counter = new client.Counter({ ...common, name: 'c_total' })
      const gauge = new client.Gauge({ ...common, name: 'g' })
      const histogram = new client.Histogram({ ...common, name: 'h', buckets: [1, 1e3, 1e6] })
      const summary = new client.Summary({ ...common, name: 's', percentiles: [0.5] })
      const { monitor } = monitorOf(register)
      for (let round = 0; round < rounds; round++) {
        for (const { a, b, value, level } of all) {
          counter.inc({ a, b }, value)
          gauge.set({ a, b }, level)
          histogram.observe({ a, b }, value)
          summary.observe({ a, b }, value)
        }
        const own = samplesIn(await register.metrics())
        expect(await served(monitor, 'c_total', 'g', 'h', 's')).toEqual(own)
      }
      await monitor.close()
    }),
    { numRuns: 60 },
  )
})

test('numeric label values, partial label sets and default labels are served as by prom-client', async () => {
  const register = new client.Registry()
  register.setDefaultLabels({ app: 'shop', a: 'default' })
  const counter = new client.Counter({ name: 'c_total', help: 'C.', labelNames: ['a', 'b'], registers: [register] })
  counter.inc({ a: 1 }, 1)
  counter.inc({ b: 'x' }, 2)
  counter.inc({ a: 'y', b: 'z' }, 4)
  const { monitor } = monitorOf(register)
  expect(await served(monitor, 'c_total')).toEqual(samplesIn(await register.metrics()))
  expect((await served(monitor, 'c_total')).get(keyOf('c_total', { app: 'shop', a: 'default', b: 'x' }))).toBe(2)
})

test.each([
  ['null', null],
  ['undefined', undefined],
  ['a number', 1.5],
  ['NaN', Number.NaN],
  ['a boolean', false],
  ['an object', { x: 1 }],
  ['a list', [1, 2]],
  ['a date', new Date(0)],
  ['a function', () => 1],
  ['a BigInt', 10n],
])('a label value that is %s is served as by prom-client', async (_what, value) => {
  for (const defaults of [{}, { a: 'default' }, { d: value }, { a: value }]) {
    const register = new client.Registry()
    register.setDefaultLabels(defaults)
    const common = { help: 'Help.', labelNames: ['a', 'b', 'constructor'], registers: [register] }
    const counter = new client.Counter({ ...common, name: 'c_total' })
    const histogram = new client.Histogram({ ...common, name: 'h', buckets: [1] })
    const labels = { a: value, b: 'x' } as never
    const { monitor } = monitorOf(register)
    for (let round = 0; round < 2; round++) {
      counter.inc(labels)
      counter.inc({ b: 'y' })
      histogram.observe(labels, 2)
      expect(await served(monitor, 'c_total', 'h')).toEqual(samplesIn(await register.metrics()))
    }
  }
})

test('a removed series keeps its counts, and its gauge is omitted until it is set again', async () => {
  const register = new client.Registry()
  const common = { help: 'Help.', labelNames: ['of'], registers: [register] }
  const counter = new client.Counter({ ...common, name: 'c_total' })
  const gauge = new client.Gauge({ ...common, name: 'g' })
  counter.inc({ of: 'x' }, 3)
  for (const [i, of] of ['x', 'y', 'z'].entries()) gauge.set({ of }, i)
  const { monitor } = monitorOf(register)
  const counted = [[keyOf('c_total', { of: 'x' }), 3]] as const
  await monitor.collect()
  counter.remove({ of: 'x' })
  gauge.remove({ of: 'x' })
  expect(await served(monitor, 'c_total', 'g')).toEqual(
    new Map([...counted, [keyOf('g', { of: 'y' }), 1], [keyOf('g', { of: 'z' }), 2]]),
  )
  gauge.set({ of: 'x' }, 7)
  register.removeSingleMetric('c_total')
  expect((await served(monitor, 'c_total', 'g')).get(keyOf('g', { of: 'x' }))).toBe(7)
  register.clear()
  expect(await served(monitor, 'c_total', 'g')).toEqual(new Map(counted))
})

test('a metric that is registered later is served from then on', async () => {
  const register = new client.Registry()
  const { monitor } = monitorOf(register)
  await monitor.collect()
  new client.Counter({ name: 'late_total', help: 'Late.', registers: [register] }).inc(4)
  expect(await served(monitor, 'late_total')).toEqual(new Map([[keyOf('late_total', {}), 4]]))
})

test('a collect() that hangs is reported once, its metric keeps the last numbers, and no other metric waits', async () => {
  const register = new client.Registry()
  let hangs = false
  const collect = (): Promise<void> => (hangs ? new Promise(() => {}) : Promise.resolve())
  const slow = new client.Gauge({ name: 'slow', help: 'S.', registers: [register], collect })
  const quick = new client.Counter({ name: 'quick_total', help: 'Q.', registers: [register] })
  const { monitor, warnings } = monitorOf(register)
  slow.set(1)
  await monitor.collect()
  hangs = true
  slow.set(2)
  quick.inc(9)
  const expected = [[keyOf('quick_total', {}), 9]] as const
  expect(await served(monitor, 'slow', 'quick_total')).toEqual(new Map([...expected, [keyOf('slow', {}), 1]]))
  expect(await errorCount(monitor)).toBe(1)
  expect(warnings).toEqual(['`slow` of prom-client did not answer within 1000 ms. Its last numbers are still served.'])
  hangs = false
  expect(await served(monitor, 'slow', 'quick_total')).toEqual(new Map([...expected, [keyOf('slow', {}), 2]]))
})

test('a collect() that throws is reported with the name of its metric, and the others are copied', async () => {
  const register = new client.Registry()
  const collect = (): void => {
    throw new Error('no database')
  }
  new client.Gauge({ name: 'broken', help: 'B.', registers: [register], collect })
  new client.Counter({ name: 'c_total', help: 'C.', registers: [register] }).inc(1)
  const { monitor, warnings } = monitorOf(register)
  expect(await served(monitor, 'broken', 'c_total')).toEqual(new Map([[keyOf('c_total', {}), 1]]))
  expect(warnings).toEqual(['`broken` of prom-client failed: Error: no database. Its last numbers are still served.'])
})

test('two rounds never run at the same time, and calls during a round get the next one', async () => {
  const register = new client.Registry()
  let running = 0
  let most = 0
  let calls = 0
  const collect = async (): Promise<void> => {
    calls++
    most = Math.max(most, ++running)
    await new Promise(resolve => setImmediate(resolve))
    running--
  }
  new client.Gauge({ name: 'g', help: 'G.', registers: [register], collect })
  const { monitor } = monitorOf(register)
  await Promise.all(Array.from({ length: 5 }, () => monitor.collect()))
  expect(most).toBe(1)
  expect(calls).toBe(2)
})

test('a metric with the name of a promherd metric is omitted, and reported once', async () => {
  const register = new client.Registry()
  new client.Counter({ name: 'http_requests_total', help: 'Requests.', registers: [register] }).inc(7)
  const { monitor, warnings } = monitorOf(register)
  await monitor.collect()
  expect(await served(monitor, 'http_requests_total')).toEqual(new Map())
  expect(await errorCount(monitor)).toBe(1)
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain('`http_requests_total`')
})

test('counters of a registry for OpenMetrics are served with `_total`', async () => {
  const register = new client.Registry()
  register.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE as never)
  new client.Counter({ name: 'c_total', help: 'C.', registers: [register] }).inc(3)
  const { monitor } = monitorOf(register)
  const expected = new Map([[keyOf('c_total', {}), 3]])
  expect(await served(monitor, 'c_total', 'c')).toEqual(expected)
  await register.metrics()
  expect(await served(monitor, 'c_total', 'c')).toEqual(expected)
})

test('metrics with exemplars are copied with their numbers', async () => {
  const register = new client.Registry()
  register.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE as never)
  const common = { help: 'Help.', labelNames: ['of'], enableExemplars: true, registers: [register] }
  const counter = new client.Counter({ ...common, name: 'c_total' })
  const histogram = new client.Histogram({ ...common, name: 'h', buckets: [1] })
  const { monitor } = monitorOf(register)
  for (const value of [0.5, 5]) {
    counter.inc({ labels: { of: 'x' }, value, exemplarLabels: { trace_id: 'abc' } })
    histogram.observe({ labels: { of: 'x' }, value, exemplarLabels: { trace_id: 'abc' } })
  }
  const samples = await served(monitor, 'c_total', 'h')
  expect(samples.get(keyOf('c_total', { of: 'x' }))).toBe(5.5)
  expect(samples.get(keyOf('h_bucket', { of: 'x', le: '1' }))).toBe(1)
  expect(samples.get(keyOf('h_count', { of: 'x' }))).toBe(2)
})

test('a label named `worker` of the user becomes `exported_worker` where promherd adds its own', async () => {
  const register = new client.Registry()
  const common = { help: 'G.', labelNames: ['worker'], registers: [register] }
  new client.Gauge({ ...common, name: 'apart', aggregator: 'omit' }).set({ worker: 'mine' }, 1)
  new client.Gauge({ ...common, name: 'together' }).set({ worker: 'mine' }, 2)
  const { monitor } = monitorOf(register)
  const samples = samplesIn(await monitor.metrics())
  expect(samples.get(keyOf('apart', { exported_worker: 'mine', worker: '1' }))).toBe(1)
  expect(samples.get(keyOf('together', { worker: 'mine' }))).toBe(2)
})

test('a registry without a list of metrics is copied too', async () => {
  const register = new client.Registry()
  new client.Counter({ name: 'c_total', help: 'C.', labelNames: ['of'], registers: [register] }).inc({ of: 'x' }, 3)
  const monitor = createMonitor({ promClient: [{ getMetricsAsJSON: () => register.getMetricsAsJSON() }] })
  closeAfterTest(monitor)
  expect(await served(monitor, 'c_total')).toEqual(new Map([[keyOf('c_total', { of: 'x' }), 3]]))
})

test('a value that is not a registry is rejected by createMonitor()', () => {
  expect(() => createMonitor({ promClient: [{}] as never })).toThrow(
    expect.objectContaining({ code: 'ERR_PROMHERD_BAD_OPTION' }),
  )
  expect(() => createMonitor({ promClient: true as never })).toThrow(
    expect.objectContaining({ code: 'ERR_PROMHERD_BAD_OPTION' }),
  )
})

test('with `promClient: false` nothing is copied', async () => {
  new client.Counter({ name: 'default_total', help: 'In the default registry.' }).inc(1)
  const none = createMonitor({ promClient: false })
  const found = createMonitor()
  closeAfterTest(none, found)
  expect(await served(none, 'default_total')).toEqual(new Map())
  expect(await served(found, 'default_total')).toEqual(new Map([[keyOf('default_total', {}), 1]]))
})
