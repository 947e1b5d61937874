import { createHook } from 'node:async_hooks'
import fc from 'fast-check'
import client from 'prom-client'
import { expect, test, vi } from 'vitest'
import { errorCount, monitorOf, served } from './monitors.ts'
import { keyOf, samplesIn } from './samples.ts'

/** Which metrics are read from their fields, and for which `get()` is called. */

const G = keyOf('g', {})

function summaryIn(register: client.Registry): client.Summary<'of'> {
  return new client.Summary({ name: 's', help: 'S.', labelNames: ['of'], percentiles: [0.5], registers: [register] })
}

/** Counts how often the quantiles of the series are computed. */
function countComputations(summary: object): () => number {
  const { hashMap } = summary as { hashMap: Record<string, { td: { compress(): void } }> }
  const computations = Object.values(hashMap).map(({ td }) => vi.spyOn(td, 'compress'))
  return () => computations.reduce((sum, { mock }) => sum + mock.calls.length, 0)
}

test('metrics of prom-client without a collect() are read without a promise for each', async () => {
  const register = new client.Registry()
  for (let i = 0; i < 100; i++) {
    new client.Gauge({ name: `g_${i}`, help: 'G.', registers: [register] }).set(i)
    new client.Counter({ name: `c_${i}_total`, help: 'C.', registers: [register] }).inc(i)
    new client.Histogram({ name: `h_${i}`, help: 'H.', buckets: [1, 10], registers: [register] }).observe(i)
  }
  const own = samplesIn(await register.metrics())
  const { monitor } = monitorOf(register)
  const promises = await promisesDuring(() => monitor.collect())
  expect(promises).toBeLessThan(100)
  const names = [...own.keys()].map(key => JSON.parse(key)[0].replace(/_(bucket|sum|count)$/, ''))
  expect(await served(monitor, ...names)).toEqual(own)
})

async function promisesDuring(run: () => Promise<void>): Promise<number> {
  let promises = 0
  const hook = createHook({
    init: (_, type) => {
      if (type === 'PROMISE') promises++
    },
  }).enable()
  await run()
  hook.disable()
  return promises
}

test('`get()` of a subclass or of an instance is called in each round', async () => {
  class Counted extends client.Gauge {
    requested = 0
    override async get(): ReturnType<client.Gauge['get']> {
      this.set(++this.requested)
      return super.get()
    }
  }
  const register = new client.Registry()
  new Counted({ name: 'g', help: 'G.', registers: [register] })
  const own = new client.Counter({ name: 'c_total', help: 'C.', registers: [register] })
  const get = own.get.bind(own)
  own.get = async () => {
    own.inc(10)
    return get()
  }
  const summary = summaryIn(register)
  const getSummary = summary.get.bind(summary)
  summary.get = async () => {
    summary.observe({ of: 'x' }, 1)
    return getSummary()
  }
  const { monitor } = monitorOf(register)
  for (let round = 1; round <= 3; round++) {
    const samples = await served(monitor, 'g', 'c_total', 's')
    expect(samples.get(G)).toBe(round)
    expect(samples.get(keyOf('c_total', {}))).toBe(10 * round)
    expect(samples.get(keyOf('s_count', { of: 'x' }))).toBe(round)
  }
})

test('a metric that gets a collect() later is requested from then on', async () => {
  const register = new client.Registry()
  const gauge = new client.Gauge({ name: 'g', help: 'G.', registers: [register] })
  const summary = summaryIn(register)
  summary.observe({ of: 'x' }, 1)
  const { monitor } = monitorOf(register)
  await monitor.collect()
  Object.assign(gauge, { collect: () => gauge.set(7) })
  Object.assign(summary, { collect: () => summary.observe({ of: 'x' }, 1) })
  const samples = await served(monitor, 'g', 's')
  expect([samples.get(G), samples.get(keyOf('s_count', { of: 'x' }))]).toEqual([7, 2])
})

test('values that a collect() sets in later metrics are served in the same round', async () => {
  const register = new client.Registry()
  const common = { help: 'Help.', registers: [register] }
  let round = 0
  new client.Gauge({
    ...common,
    name: 'first',
    async collect() {
      gauge.set(++round)
      counter.inc(1)
      summary.observe({ of: 'x' }, round)
    },
  })
  const gauge = new client.Gauge({ ...common, name: 'g' })
  const counter = new client.Counter({ ...common, name: 'c_total' })
  const summary = summaryIn(register)
  const { monitor } = monitorOf(register)
  for (const expected of [1, 2, 3]) {
    const samples = await served(monitor, 'g', 'c_total', 's')
    const keys = [G, keyOf('c_total', {}), keyOf('s_count', { of: 'x' })]
    expect(keys.map(key => samples.get(key))).toEqual([expected, expected, expected])
  }
})

test('the quantiles of a summary are computed only if the summary has changed', async () => {
  const register = new client.Registry()
  const summary = summaryIn(register)
  for (const of of ['x', 'y']) summary.observe({ of }, 4)
  const { monitor } = monitorOf(register)
  const computations = countComputations(summary)
  for (let round = 0; round < 3; round++) await monitor.collect()
  expect(computations()).toBe(2)
  summary.observe({ of: 'x' }, 4)
  const samples = await served(monitor, 's')
  expect(samples.get(keyOf('s_count', { of: 'x' }))).toBe(2)
  expect(computations()).toBe(4)
})

test('a summary with unexpected fields is requested in each round', async () => {
  const register = new client.Registry()
  const summary = summaryIn(register)
  summary.observe({ of: 'x' }, 4)
  const { hashMap } = summary as unknown as { hashMap: Record<string, { td: object }> }
  const [series] = Object.values(hashMap)
  // Digests without the counts of observations and resets.
  series!.td = { ringBuffer: [{}], currentBuffer: 0, compress: () => {}, percentile: () => ++requested, size: () => 1 }
  let requested = 0
  const { monitor, warnings } = monitorOf(register)
  for (let round = 1; round <= 3; round++) {
    expect((await served(monitor, 's')).get(keyOf('s', { of: 'x', quantile: '0.5' }))).toBe(round)
  }
  expect(warnings).toEqual([])
})

test('a summary that was reset is read again, even if it has the same count and sum', async () => {
  const register = new client.Registry()
  const summary = summaryIn(register)
  for (const value of [1, 2, 3, 10]) summary.observe({ of: 'x' }, value)
  const { monitor } = monitorOf(register)
  const median = keyOf('s', { of: 'x', quantile: '0.5' })
  expect((await served(monitor, 's')).get(median)).toBe(2.5)
  summary.reset()
  for (const value of [4, 4, 4, 4]) summary.observe({ of: 'x' }, value)
  expect((await served(monitor, 's')).get(median)).toBe(4)
})

test('the cached quantiles of a summary are correct after any observations, resets, removals and time windows', async () => {
  const of = fc.constantFrom('x', 'y')
  const step = fc.oneof(
    fc.record({ kind: fc.constant('observe' as const), of, value: fc.integer({ min: -2, max: 2 }) }),
    fc.record({ kind: fc.constant('remove' as const), of }),
    fc.record({ kind: fc.constant('reset' as const) }),
    fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ kind: fc.constant('nothing' as const) }),
  )
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 8 }), async rounds => {
        // The second registry is read by prom-client only, because each reading changes the state of a summary.
        const registers = [new client.Registry(), new client.Registry()] as const
        const summaries = registers.flatMap(register => {
          const common = { help: 'S.', labelNames: ['of'], percentiles: [0.25, 0.5], registers: [register] }
          const aging = { maxAgeSeconds: 10, ageBuckets: 2 }
          return [
            new client.Summary({ ...common, name: 'plain' }),
            new client.Summary({ ...common, ...aging, name: 'aging' }),
            new client.Summary({ ...common, ...aging, name: 'pruned', pruneAgedBuckets: true }),
          ]
        })
        const { monitor } = monitorOf(registers[0])
        for (const steps of rounds) {
          for (const each of steps) {
            if (each.kind === 'pass') vi.setSystemTime(Date.now() + each.seconds * 1000)
            for (const summary of summaries) {
              if (each.kind === 'observe') summary.observe({ of: each.of }, each.value)
              if (each.kind === 'remove') summary.remove({ of: each.of })
              if (each.kind === 'reset') summary.reset()
            }
          }
          const own = quantilesIn(await registers[1].metrics())
          expect(quantilesIn(await monitor.metrics())).toEqual(own)
        }
        await monitor.close()
      }),
      { numRuns: 100 },
    )
  } finally {
    vi.useRealTimers()
  }
})

/** Only the quantiles: promherd retains counts that prom-client loses. */
function quantilesIn(text: string): Map<string, number> {
  const kept = text.split('\n').filter(line => line.includes('quantile="'))
  return samplesIn(kept.join('\n').replaceAll(',worker="1"', ''))
}

test('a metric whose name throws leaves the numbers of its registry unchanged', async () => {
  const register = new client.Registry()
  const gauge = new client.Gauge({ name: 'g', help: 'G.', registers: [register] })
  gauge.set(1)
  const metrics = register.getMetricsAsArray.bind(register)
  let isBroken = false
  const nameless = {
    get name(): string {
      throw new Error('no name')
    },
    get: () => ({}),
  }
  register.getMetricsAsArray = () => (isBroken ? [...metrics(), nameless as never] : metrics())
  const { monitor } = monitorOf(register)
  await monitor.collect()
  isBroken = true
  gauge.set(2)
  expect((await served(monitor, 'g')).get(G)).toBe(1)
  expect(await errorCount(monitor)).toBe(1)
  isBroken = false
  expect((await served(monitor, 'g')).get(G)).toBe(2)
})
