import { expect, test } from 'vitest'
import { FAMILIES } from '../definitions/metrics.ts'
import { SingleProcessHerd } from '../herd/single-process-herd.ts'
import { Store } from '../store/store.ts'
import { MetricCopy } from './metric-copy.ts'
import { MetricFeed } from './metric-feed.ts'
import { Origin } from './origin.ts'
import type { PromReading } from './registry.ts'
import { shapeOf } from './shape.ts'

function copyOf(reading: PromReading, maxSeries: number): { store: Store; round: (reading: PromReading) => void } {
  const store = new Store({ storage: 'memory', directory: undefined, worker: 1 })
  const shape = shapeOf({ name: reading.name, reading, labelNames: ['of'], defaults: {} })
  const copy = new MetricCopy(store, shape!, maxSeries)
  const registry = { getMetricsAsJSON: () => Promise.resolve([]) }
  const view = { registry, defaults: {}, isOpenMetrics: false }
  const feed = new MetricFeed(copy, new Origin(undefined, view))
  const round = (next: PromReading): void => {
    feed.take(next, {})
    copy.finish()
  }
  return { store, round }
}

async function shown(store: Store, name: string): Promise<Record<string, number>> {
  const { families } = await new SingleProcessHerd(store).snapshot()
  const family = families.find(each => each.name === name)
  return Object.fromEntries((family?.labels ?? []).map((labels, i) => [labels.join(), family!.values.get(i)]))
}

function reading(type: string, name: string, values: Record<string, number>, aggregator?: string): PromReading {
  const samples = Object.entries(values).map(([of, value]) => ({ labels: { of }, value }))
  return { name, help: 'Help.', type, aggregator, values: samples }
}

test('counters beyond the cap add up in the overflow series, and each is counted as dropped once', async () => {
  const first = reading('counter', 'c_total', { a: 1, b: 2, c: 4, d: 8 })
  const { store, round } = copyOf(first, 2)
  round(first)
  round(reading('counter', 'c_total', { a: 1, b: 2, c: 5, d: 9 }))
  expect(await shown(store, 'c_total')).toEqual({ a: 1, b: 2, _overflow: 14 })
  expect(await shown(store, FAMILIES.seriesDropped.name)).toEqual({ c_total: 2 })
})

test.each(['sum', 'max', 'min', 'average', 'first'])('gauges beyond the cap are left out by %s', async aggregator => {
  const first = reading('gauge', 'g', { a: -1, b: -2, c: -4 }, aggregator)
  const { store, round } = copyOf(first, 2)
  round(first)
  expect(await shown(store, 'g')).toEqual({ a: -1, b: -2 })
})

test('samples that come in another order, or under labels that mean the same, find their series', async () => {
  const first = reading('counter', 'c_total', { a: 1, b: 2 })
  const { store, round } = copyOf(first, 10)
  round(first)
  round(reading('counter', 'c_total', { b: 3, a: 2 }))
  expect(await shown(store, 'c_total')).toEqual({ a: 2, b: 3 })
  const twice = reading('counter', 'c_total', { '': 5, a: 3, b: 4 })
  round({ ...twice, values: [...twice.values, { labels: {}, value: 6 }] })
  expect(await shown(store, 'c_total')).toEqual({ a: 3, b: 4, '': 11 })
})

test('counters beyond the cap go on from where they were when they are reset or go', async () => {
  const first = reading('counter', 'c_total', { a: 1, b: 2, c: 4, d: 8 })
  const { store, round } = copyOf(first, 2)
  round(first)
  round(reading('counter', 'c_total', { a: 1, b: 1, c: 3, d: 9 }))
  expect(await shown(store, 'c_total')).toEqual({ a: 1, b: 3, _overflow: 16 })
  round(reading('counter', 'c_total', { a: 1, b: 1, d: 9 }))
  expect(await shown(store, 'c_total')).toEqual({ a: 1, b: 3, _overflow: 16 })
})

test('a gauge that finds no place takes that of one that is shown no more', async () => {
  const first = reading('gauge', 'g', { a: 1, b: 2 })
  const { store, round } = copyOf(first, 2)
  round(first)
  for (let i = 0; i < 100; i++) round(reading('gauge', 'g', { a: 1 }))
  round(reading('gauge', 'g', { a: 1, c: 3 }))
  expect(await shown(store, 'g')).toEqual({ a: 1, c: 3 })
  round(reading('gauge', 'g', { a: 1, b: 5, c: 3 }))
  expect(await shown(store, 'g')).toEqual({ a: 1, c: 3 })
  expect(await shown(store, FAMILIES.seriesDropped.name)).toEqual({ g: 1 })
})
