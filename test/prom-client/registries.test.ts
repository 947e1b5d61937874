import client from 'prom-client'
import { describe, expect, test, vi } from 'vitest'
import { until } from '../support/until.ts'
import { errorCount, monitorOf, served } from './monitors.ts'
import { keyOf } from './samples.ts'

/** Several registries, and metrics with a collect(). */

function counterIn(name: string, ...registers: client.Registry[]): client.Counter {
  return new client.Counter({ name, help: 'Help.', registers })
}

test('the metrics of many registries are served together', async () => {
  const registers = Array.from({ length: 20 }, () => new client.Registry())
  for (const [i, register] of registers.entries()) counterIn(`own_${i}_total`, register).inc(i)
  for (const register of registers) counterIn('all_total', register).inc(2)
  const { monitor } = monitorOf(...registers)
  const samples = await served(monitor, 'all_total', ...registers.map((_, i) => `own_${i}_total`))
  expect(samples.get(keyOf('all_total', {}))).toBe(40)
  expect(registers.map((_, i) => samples.get(keyOf(`own_${i}_total`, {})))).toEqual(registers.map((_, i) => i))
})

test('a metric in several registries is counted once, while at least one of them has it', async () => {
  const [one, two] = [new client.Registry(), new client.Registry()]
  const counter = counterIn('c_total', one, two)
  const merged = client.Registry.merge([one, two])
  const { monitor } = monitorOf(one, two, merged)
  counter.inc(3)
  expect(await served(monitor, 'c_total')).toEqual(new Map([[keyOf('c_total', {}), 3]]))
  one.clear()
  counter.inc(1)
  expect(await served(monitor, 'c_total')).toEqual(new Map([[keyOf('c_total', {}), 4]]))
})

test('gauges of two registries add up, and a removed one no longer counts', async () => {
  const [one, two] = [new client.Registry(), new client.Registry()]
  const gauges = [one, two].map(register => new client.Gauge({ name: 'g', help: 'G.', registers: [register] }))
  gauges[0]!.set(3)
  gauges[1]!.set(4)
  const { monitor } = monitorOf(one, two)
  expect(await served(monitor, 'g')).toEqual(new Map([[keyOf('g', {}), 7]]))
  two.clear()
  expect(await served(monitor, 'g')).toEqual(new Map([[keyOf('g', {}), 3]]))
  one.clear()
  expect(await served(monitor, 'g')).toEqual(new Map())
})

test('metrics that a registry without a list no longer has keep their counts, and their gauges are omitted', async () => {
  const register = new client.Registry()
  const counter = counterIn('c_total', register)
  counter.inc(3)
  new client.Gauge({ name: 'g', help: 'G.', registers: [register] }).set(4)
  let isBroken = false
  const getMetricsAsJSON = (): Promise<object[]> =>
    isBroken ? Promise.reject(new Error('no answer')) : register.getMetricsAsJSON()
  const { monitor } = monitorOf({ getMetricsAsJSON })
  const counted = [keyOf('c_total', {}), 3] as const
  expect(await served(monitor, 'c_total', 'g')).toEqual(new Map([counted, [keyOf('g', {}), 4]]))
  isBroken = true
  expect(await served(monitor, 'c_total', 'g')).toEqual(new Map([counted, [keyOf('g', {}), 4]]))
  isBroken = false
  register.removeSingleMetric('g')
  counter.reset()
  counter.inc(2)
  expect(await served(monitor, 'c_total', 'g')).toEqual(new Map([[keyOf('c_total', {}), 5]]))
})

test('a registry that throws is reported once, keeps its last numbers, and does not affect the others', async () => {
  const register = new client.Registry()
  counterIn('c_total', register).inc(1)
  let isBroken = false
  const broken = new client.Registry()
  const gauge = new client.Gauge({ name: 'g', help: 'G.', registers: [broken] })
  gauge.set(2)
  const metrics = broken.getMetricsAsArray.bind(broken)
  broken.getMetricsAsArray = () => {
    if (isBroken) throw new Error('no list')
    return metrics()
  }
  const { monitor, warnings } = monitorOf(broken, register)
  await monitor.collect()
  isBroken = true
  gauge.set(3)
  counterIn('late_total', register).inc(5)
  const expected = [
    [keyOf('c_total', {}), 1],
    [keyOf('late_total', {}), 5],
  ] as const
  expect(await served(monitor, 'c_total', 'g', 'late_total')).toEqual(new Map([...expected, [keyOf('g', {}), 2]]))
  await monitor.collect()
  expect(await errorCount(monitor)).toBe(1)
  expect(warnings).toEqual(['a registry of prom-client failed: Error: no list. Its last numbers are still served.'])
  isBroken = false
  expect(await served(monitor, 'c_total', 'g', 'late_total')).toEqual(new Map([...expected, [keyOf('g', {}), 3]]))
})

describe('collect()', () => {
  test('is awaited, and its values are served in the same round', async () => {
    const register = new client.Registry()
    let calls = 0
    new client.Gauge({
      name: 'g',
      help: 'G.',
      registers: [register],
      async collect() {
        await new Promise(resolve => setImmediate(resolve))
        this.set(++calls)
      },
    })
    const { monitor } = monitorOf(register)
    for (const expected of [1, 2, 3]) expect(await served(monitor, 'g')).toEqual(new Map([[keyOf('g', {}), expected]]))
  })

  test('that rejects or throws loses no number and is reported once', async () => {
    const register = new client.Registry()
    let fails = false
    const gauges = ['async', 'sync'].map(name => {
      const collect = (): Promise<void> | void => {
        if (fails && name === 'async') return Promise.reject(new Error('no database'))
        if (fails) throw new Error('no database')
      }
      return new client.Gauge({ name, help: 'G.', registers: [register], collect })
    })
    const counter = counterIn('c_total', register)
    const { monitor } = monitorOf(register)
    for (const gauge of gauges) gauge.set(1)
    await monitor.collect()
    fails = true
    for (let round = 1; round <= 3; round++) {
      counter.inc(1)
      for (const gauge of gauges) gauge.set(2)
      const own = [keyOf('async', {}), keyOf('sync', {})].map(key => [key, 1] as const)
      expect(await served(monitor, 'async', 'sync', 'c_total')).toEqual(
        new Map([...own, [keyOf('c_total', {}), round]]),
      )
    }
    expect(await errorCount(monitor)).toBe(2)
    fails = false
    expect((await served(monitor, 'async')).get(keyOf('async', {}))).toBe(2)
  })

  test('that never resolves delays only one round', async () => {
    const register = new client.Registry()
    new client.Gauge({ name: 'g', help: 'G.', registers: [register], collect: () => new Promise(() => {}) })
    const counter = counterIn('c_total', register)
    const { monitor } = monitorOf(register)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      for (const ms of [1000, 20, 20, 20]) {
        counter.inc(1)
        const round = monitor.collect()
        await vi.advanceTimersByTimeAsync(ms)
        await round
      }
    } finally {
      vi.useRealTimers()
    }
    expect((await served(monitor, 'c_total')).get(keyOf('c_total', {}))).toBe(4)
  })

  test('that misses the deadline is served once it resolves', async () => {
    const register = new client.Registry()
    const waiting: (() => void)[] = []
    const gauge = new client.Gauge({
      name: 'g',
      help: 'G.',
      registers: [register],
      collect: () => new Promise<void>(resolve => waiting.push(resolve)),
    })
    const { monitor } = monitorOf(register)
    gauge.set(1)
    expect(await served(monitor, 'g')).toEqual(new Map())
    for (const value of [2, 3]) {
      gauge.set(value)
      for (const finish of waiting.splice(0)) finish()
      const isServed = async (): Promise<boolean> => (await served(monitor, 'g')).get(keyOf('g', {})) === value
      await until(isServed, { what: `the gauge to be ${value}` })
    }
  })
})
