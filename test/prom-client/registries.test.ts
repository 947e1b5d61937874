import client from 'prom-client'
import { describe, expect, test, vi } from 'vitest'
import { until } from '../support/until.ts'
import { keyOf } from './samples.ts'
import { herdOf, served, troubles } from './stage.ts'

/** Any number of registries, and metrics that ask others for their numbers. */

function counterIn(name: string, ...registers: client.Registry[]): client.Counter {
  return new client.Counter({ name, help: 'Help.', registers })
}

test('many registries are served as one', async () => {
  const registers = Array.from({ length: 20 }, () => new client.Registry())
  for (const [i, register] of registers.entries()) counterIn(`own_${i}_total`, register).inc(i)
  for (const register of registers) counterIn('all_total', register).inc(2)
  const { monitor } = herdOf(...registers)
  const samples = await served(monitor, 'all_total', ...registers.map((_, i) => `own_${i}_total`))
  expect(samples.get(keyOf('all_total', {}))).toBe(40)
  expect(registers.map((_, i) => samples.get(keyOf(`own_${i}_total`, {})))).toEqual(registers.map((_, i) => i))
})

test('a metric that is registered in several of them is counted once, as long as one of them has it', async () => {
  const [one, two] = [new client.Registry(), new client.Registry()]
  const counter = counterIn('c_total', one, two)
  const merged = client.Registry.merge([one, two])
  const { monitor } = herdOf(one, two, merged)
  counter.inc(3)
  expect(await served(monitor, 'c_total')).toEqual(new Map([[keyOf('c_total', {}), 3]]))
  one.clear()
  counter.inc(1)
  expect(await served(monitor, 'c_total')).toEqual(new Map([[keyOf('c_total', {}), 4]]))
})

test('gauges of two registries add up, and what one of them takes away goes', async () => {
  const [one, two] = [new client.Registry(), new client.Registry()]
  const gauges = [one, two].map(register => new client.Gauge({ name: 'g', help: 'G.', registers: [register] }))
  gauges[0]!.set(3)
  gauges[1]!.set(4)
  const { monitor } = herdOf(one, two)
  expect(await served(monitor, 'g')).toEqual(new Map([[keyOf('g', {}), 7]]))
  two.clear()
  expect(await served(monitor, 'g')).toEqual(new Map([[keyOf('g', {}), 3]]))
  one.clear()
  expect(await served(monitor, 'g')).toEqual(new Map())
})

test('of a registry that can only be read as a whole, what it no longer has leaves its counts and goes', async () => {
  const register = new client.Registry()
  const counter = counterIn('c_total', register)
  counter.inc(3)
  new client.Gauge({ name: 'g', help: 'G.', registers: [register] }).set(4)
  let isBroken = false
  const getMetricsAsJSON = (): Promise<object[]> =>
    isBroken ? Promise.reject(new Error('no answer')) : register.getMetricsAsJSON()
  const { monitor } = herdOf({ getMetricsAsJSON })
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

test('a registry that cannot be asked keeps its last numbers and takes nobody else down, and is told of once', async () => {
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
  const { monitor, warnings } = herdOf(broken, register)
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
  expect(await troubles(monitor)).toBe(1)
  expect(warnings).toEqual(['a registry of prom-client failed: Error: no list: its last numbers stand.'])
  isBroken = false
  expect(await served(monitor, 'c_total', 'g', 'late_total')).toEqual(new Map([...expected, [keyOf('g', {}), 3]]))
})

describe('collect()', () => {
  test('is awaited, and what it sets is served at once', async () => {
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
    const { monitor } = herdOf(register)
    for (const expected of [1, 2, 3]) expect(await served(monitor, 'g')).toEqual(new Map([[keyOf('g', {}), expected]]))
  })

  test('that rejects and one that throws lose no number of theirs or of others, and are counted once each', async () => {
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
    const { monitor } = herdOf(register)
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
    expect(await troubles(monitor)).toBe(2)
    fails = false
    expect((await served(monitor, 'async')).get(keyOf('async', {}))).toBe(2)
  })

  test('that never ends is waited for once, not in each round', async () => {
    const register = new client.Registry()
    new client.Gauge({ name: 'g', help: 'G.', registers: [register], collect: () => new Promise(() => {}) })
    const counter = counterIn('c_total', register)
    const { monitor } = herdOf(register)
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

  test('that misses the deadline is served with what it said late', async () => {
    const register = new client.Registry()
    const waiting: (() => void)[] = []
    const gauge = new client.Gauge({
      name: 'g',
      help: 'G.',
      registers: [register],
      collect: () => new Promise<void>(resolve => waiting.push(resolve)),
    })
    const { monitor } = herdOf(register)
    gauge.set(1)
    expect(await served(monitor, 'g')).toEqual(new Map())
    for (const value of [2, 3]) {
      gauge.set(value)
      for (const answer of waiting.splice(0)) answer()
      const look = async (): Promise<boolean> => (await served(monitor, 'g')).get(keyOf('g', {})) === value
      await until(look, { what: `the gauge to be ${value}` })
    }
  })
})
