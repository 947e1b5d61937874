import fc from 'fast-check'
import client from 'prom-client'
import { describe, expect, test } from 'vitest'
import { internalsOf } from '../../packages/core/dist/monitor/internals.js'
import { errorCount, monitorOf, served } from './monitors.ts'
import { keyOf, samplesIn } from './samples.ts'

/** The numbers of metrics that are reset, removed, replaced and registered again. */

const C = keyOf('c_total', {})

function counterIn(...registers: client.Registry[]): client.Counter {
  return new client.Counter({ name: 'c_total', help: 'C.', registers })
}

describe('earlier counts stay, and later counts are added', () => {
  test('when a counter is reset, alone or with its registry', async () => {
    const register = new client.Registry()
    const counter = counterIn(register)
    const labelled = new client.Counter({ name: 'l_total', help: 'L.', labelNames: ['of'], registers: [register] })
    const { monitor } = monitorOf(register)
    counter.inc(5)
    labelled.inc({ of: 'x' }, 7)
    await monitor.collect()
    counter.reset()
    counter.inc(2)
    expect((await served(monitor, 'c_total')).get(C)).toBe(7)
    register.resetMetrics()
    expect((await served(monitor, 'c_total')).get(C)).toBe(7)
    counter.inc(1)
    labelled.inc({ of: 'x' }, 3)
    labelled.inc({ of: 'y' }, 1)
    expect(await served(monitor, 'c_total', 'l_total')).toEqual(
      new Map([
        [C, 8],
        [keyOf('l_total', { of: 'x' }), 10],
        [keyOf('l_total', { of: 'y' }), 1],
      ]),
    )
  })

  test('when a histogram is reset, for each bucket and the sum', async () => {
    const register = new client.Registry()
    const histogram = new client.Histogram({ name: 'h', help: 'H.', buckets: [1, 10], registers: [register] })
    const { monitor } = monitorOf(register)
    for (const value of [0.5, 5, 50]) histogram.observe(value)
    await monitor.collect()
    histogram.reset()
    // More than before in all, less than before in the first bucket.
    for (const value of [5, 5, 5, 5]) histogram.observe(value)
    const expected = new client.Registry()
    const model = new client.Histogram({ name: 'h', help: 'H.', buckets: [1, 10], registers: [expected] })
    for (const value of [0.5, 5, 50, 5, 5, 5, 5]) model.observe(value)
    expect(await served(monitor, 'h')).toEqual(samplesIn(await expected.metrics()))
  })

  test('when a summary is reset, whose sum may also decrease without a reset', async () => {
    const register = new client.Registry()
    const summary = new client.Summary({ name: 's', help: 'S.', percentiles: [0.5], registers: [register] })
    const { monitor } = monitorOf(register)
    const sum = keyOf('s_sum', {})
    const count = keyOf('s_count', {})
    summary.observe(8)
    summary.observe(8)
    await monitor.collect()
    summary.observe(-10)
    expect((await served(monitor, 's')).get(sum)).toBe(6)
    summary.reset()
    summary.observe(1)
    const samples = await served(monitor, 's')
    expect([samples.get(sum), samples.get(count)]).toEqual([7, 4])
    expect(samples.get(keyOf('s', { quantile: '0.5' }))).toBe(1)
  })

  test('when a metric is removed and another with its name is registered', async () => {
    const register = new client.Registry()
    const { monitor, warnings } = monitorOf(register)
    counterIn(register).inc(5)
    await monitor.collect()
    register.removeSingleMetric('c_total')
    expect((await served(monitor, 'c_total')).get(C)).toBe(5)
    const second = counterIn(register)
    expect((await served(monitor, 'c_total')).get(C)).toBe(5)
    second.inc(9)
    expect((await served(monitor, 'c_total')).get(C)).toBe(14)
    expect(warnings).toEqual([])
  })

  test('when a registry is cleared and filled repeatedly, as hot reloads do', async () => {
    const register = new client.Registry()
    const { monitor, warnings } = monitorOf(register)
    for (let reload = 1; reload <= 50; reload++) {
      register.clear()
      client.collectDefaultMetrics({ register })
      counterIn(register).inc(reload)
      const gauge = new client.Gauge({ name: 'g', help: 'G.', registers: [register] })
      gauge.set(reload)
      const samples = await served(monitor, 'c_total', 'g', 'process_start_time_seconds')
      expect(samples.get(C)).toBe((reload * (reload + 1)) / 2)
      expect(samples.get(keyOf('g', {}))).toBe(reload)
      expect(samples.get(keyOf('process_start_time_seconds', {}))).toBeGreaterThan(0)
    }
    expect(warnings).toEqual([])
  })

  test('when the same metric is removed and registered again', async () => {
    const register = new client.Registry()
    const counter = counterIn(register)
    const { monitor } = monitorOf(register)
    counter.inc(5)
    await monitor.collect()
    register.removeSingleMetric('c_total')
    await monitor.collect()
    counter.inc(1)
    register.registerMetric(counter)
    expect((await served(monitor, 'c_total')).get(C)).toBe(6)
    counter.reset()
    counter.inc(2)
    expect((await served(monitor, 'c_total')).get(C)).toBe(8)
  })

  test('when a series is removed and counted again', async () => {
    const register = new client.Registry()
    const counter = new client.Counter({ name: 'l_total', help: 'L.', labelNames: ['of'], registers: [register] })
    const { monitor } = monitorOf(register)
    counter.inc({ of: 'x' }, 5)
    await monitor.collect()
    counter.remove({ of: 'x' })
    await monitor.collect()
    counter.inc({ of: 'x' }, 9)
    expect((await served(monitor, 'l_total')).get(keyOf('l_total', { of: 'x' }))).toBe(14)
  })
})

test('a total that collect() sets by a reset and an addition is served as it is', async () => {
  const register = new client.Registry()
  let total = 100
  new client.Counter({
    name: 'c_total',
    help: 'C.',
    registers: [register],
    collect() {
      this.reset()
      this.inc(total)
    },
  })
  const { monitor } = monitorOf(register)
  for (; total < 105; total++) expect((await served(monitor, 'c_total')).get(C)).toBe(total)
})

const NAMES = ['x', 'y', ''] as const
const step = fc.record({
  do: fc.constantFrom('inc', 'inc', 'inc', 'observe', 'reset', 'remove', 'replace', 'toggle', 'scan', 'scan'),
  registry: fc.nat(1),
  of: fc.constantFrom(...NAMES),
  by: fc.nat(9),
})

test('no count is lost by any resets, removals and replacements in two registries', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async steps => {
      const sides = [new Side(), new Side()]
      const { monitor } = monitorOf(...sides.map(({ register }) => register))
      const counts = new Map<string, number>()
      const add = (key: string, by: number): void => void counts.set(key, (counts.get(key) ?? 0) + by)
      for (const { do: what, registry, of, by } of [...steps, { do: 'scan', registry: 0, of: '', by: 0 } as const]) {
        const side = sides[registry]!
        if (what === 'inc' && side.isRegistered) {
          side.counter.inc({ of }, by)
          add(keyOf('c_total', { of }), by)
        } else if (what === 'observe' && side.isRegistered) {
          side.histogram.observe({ of }, by)
          for (const le of ['1', '5', '+Inf'])
            add(keyOf('h_bucket', { of, le }), Number(le === '+Inf' || by <= Number(le)))
          add(keyOf('h_sum', { of }), by)
          add(keyOf('h_count', { of }), 1)
        } else if (what === 'scan') {
          const samples = await served(monitor, 'c_total', 'h')
          expect(samples).toEqual(counts)
        } else {
          // Counts between the last scan and a reset or removal are lost.
          await monitor.collect()
          if (what === 'reset') side.register.resetMetrics()
          if (what === 'remove') for (const metric of [side.counter, side.histogram]) metric.remove({ of })
          if (what === 'replace') side.replace()
          if (what === 'toggle') side.toggle()
          await monitor.collect()
        }
      }
      await monitor.close()
    }),
    { numRuns: 100 },
  )
})

/** A registry with a counter and a histogram. */
class Side {
  readonly register = new client.Registry()
  counter: client.Counter<'of'>
  histogram: client.Histogram<'of'>
  isRegistered = true

  constructor() {
    const { counter, histogram } = this.#make()
    this.counter = counter
    this.histogram = histogram
  }

  replace(): void {
    this.register.clear()
    Object.assign(this, this.#make(), { isRegistered: true })
  }

  toggle(): void {
    if (this.isRegistered) this.register.clear()
    else for (const metric of [this.counter, this.histogram]) this.register.registerMetric(metric as client.Metric)
    this.isRegistered = !this.isRegistered
  }

  #make(): { counter: client.Counter<'of'>; histogram: client.Histogram<'of'> } {
    const common = { help: 'Help.', labelNames: ['of'] as const, registers: [this.register] }
    const counter = new client.Counter({ ...common, name: 'c_total' })
    return { counter, histogram: new client.Histogram({ ...common, name: 'h', buckets: [1, 5] }) }
  }
}

describe('a metric that is registered again with another definition takes the name over', () => {
  test('with other labels', async () => {
    const register = new client.Registry()
    const { monitor, warnings } = monitorOf(register)
    counterIn(register).inc(5)
    await monitor.collect()
    register.clear()
    new client.Counter({ name: 'c_total', help: 'C.', labelNames: ['of'], registers: [register] }).inc({ of: 'x' }, 2)
    expect(await served(monitor, 'c_total')).toEqual(new Map([[keyOf('c_total', { of: 'x' }), 2]]))
    expect(warnings).toEqual([])
  })

  test('with another type, other buckets or another aggregator, back and forth', async () => {
    const register = new client.Registry()
    const { monitor, warnings } = monitorOf(register)
    const common = { name: 'm', help: 'M.', registers: [register] }
    const length = (): number => internalsOf(monitor).store.storage.values.length
    let before: number | undefined
    for (let n = 1; n <= 60; n++) {
      register.clear()
      new client.Gauge(common).set(n)
      expect(await served(monitor, 'm')).toEqual(new Map([[keyOf('m', {}), n]]))
      register.clear()
      new client.Histogram({ ...common, buckets: [1] }).observe(n)
      expect((await served(monitor, 'm')).get(keyOf('m_sum', {}))).toBe(n)
      register.clear()
      new client.Histogram({ ...common, buckets: [1, 2] }).observe(n)
      expect((await served(monitor, 'm')).get(keyOf('m_bucket', { le: '+Inf' }))).toBe(1)
      register.clear()
      new client.Summary({ ...common, percentiles: [0.5] }).observe(n)
      expect((await served(monitor, 'm')).get(keyOf('m', { quantile: '0.5' }))).toBe(n)
      register.clear()
      new client.Gauge({ ...common, labelNames: ['of'], aggregator: 'first' }).set({ of: String(n) }, n)
      expect(await served(monitor, 'm')).toEqual(new Map([[keyOf('m', { of: String(n) }), n]]))
      before ??= length()
    }
    expect(length()).toBe(before)
    expect(warnings).toEqual([])
  })

  test('with default labels that its registry got in the meantime', async () => {
    const register = new client.Registry()
    const counter = counterIn(register)
    const { monitor, warnings } = monitorOf(register)
    counter.inc(5)
    await monitor.collect()
    register.setDefaultLabels({ app: 'shop' })
    counter.inc(1)
    expect(await served(monitor, 'c_total')).toEqual(new Map([[keyOf('c_total', { app: 'shop' }), 6]]))
    expect(warnings).toEqual([])
  })

  test('but not while another registry has a metric with the old definition', async () => {
    const [one, two] = [new client.Registry(), new client.Registry()]
    const { monitor, warnings } = monitorOf(one, two)
    counterIn(one).inc(5)
    await monitor.collect()
    new client.Gauge({ name: 'c_total', help: 'Otherwise.', registers: [two] }).set(-1)
    expect(await served(monitor, 'c_total')).toEqual(new Map([[C, 5]]))
    expect(await errorCount(monitor)).toBe(1)
    expect(warnings[0]).toContain('`c_total`')
    one.clear()
    expect(await served(monitor, 'c_total')).toEqual(new Map([[C, -1]]))
  })
})
