import { expect, test } from 'vitest'
import { FAMILIES } from '../definitions/metrics.ts'
import { SingleProcessHerd } from '../herd/single-process-herd.ts'
import { Store } from '../store/store.ts'
import { MetricSource } from './metric-source.ts'
import { MetricTarget } from './metric-target.ts'
import type { PromReading } from './registry.ts'
import { shapeOf } from './shape.ts'

interface Target {
  readonly store: Store
  /** Copies a reading into the target in a round of its own. */
  readonly copy: (reading: PromReading) => void
}

function targetFor(reading: PromReading, maxSeries: number): Target {
  const store = new Store({ storage: 'memory', directory: undefined, worker: 1 })
  const shape = shapeOf({ name: reading.name, reading, labelNames: ['of'], defaults: {} })
  const target = new MetricTarget(store, shape!, maxSeries)
  const source = new MetricSource(target)
  const copy = (next: PromReading): void => {
    source.copyReading(next, {})
    target.finish()
  }
  return { store, copy }
}

async function served(store: Store, name: string): Promise<Record<string, number>> {
  const { families } = await new SingleProcessHerd(store).snapshot()
  const family = families.find(each => each.name === name)
  return Object.fromEntries((family?.labels ?? []).map((labels, i) => [labels.join(), family!.values.get(i)]))
}

function reading(type: string, name: string, values: Record<string, number>, aggregator?: string): PromReading {
  const samples = Object.entries(values).map(([of, value]) => ({ labels: { of }, value }))
  return { name, help: 'Help.', type, aggregator, values: samples }
}

test('counters beyond the limit of series are added up in the overflow series, and each is counted as dropped once', async () => {
  const first = reading('counter', 'c_total', { a: 1, b: 2, c: 4, d: 8 })
  const { store, copy } = targetFor(first, 2)
  copy(first)
  copy(reading('counter', 'c_total', { a: 1, b: 2, c: 5, d: 9 }))
  expect(await served(store, 'c_total')).toEqual({ a: 1, b: 2, _overflow: 14 })
  expect(await served(store, FAMILIES.seriesDropped.name)).toEqual({ c_total: 2 })
})

test.each(['sum', 'max', 'min', 'average', 'first'])(
  'gauges beyond the limit of series are omitted if the aggregator is %s',
  async aggregator => {
    const first = reading('gauge', 'g', { a: -1, b: -2, c: -4 }, aggregator)
    const { store, copy } = targetFor(first, 2)
    copy(first)
    expect(await served(store, 'g')).toEqual({ a: -1, b: -2 })
  },
)

test('samples in another order, or with equivalent labels, are copied to the same series', async () => {
  const first = reading('counter', 'c_total', { a: 1, b: 2 })
  const { store, copy } = targetFor(first, 10)
  copy(first)
  copy(reading('counter', 'c_total', { b: 3, a: 2 }))
  expect(await served(store, 'c_total')).toEqual({ a: 2, b: 3 })
  const twice = reading('counter', 'c_total', { '': 5, a: 3, b: 4 })
  copy({ ...twice, values: [...twice.values, { labels: {}, value: 6 }] })
  expect(await served(store, 'c_total')).toEqual({ a: 3, b: 4, '': 11 })
})

test('counters beyond the limit of series do not decrease when they are reset or removed', async () => {
  const first = reading('counter', 'c_total', { a: 1, b: 2, c: 4, d: 8 })
  const { store, copy } = targetFor(first, 2)
  copy(first)
  copy(reading('counter', 'c_total', { a: 1, b: 1, c: 3, d: 9 }))
  expect(await served(store, 'c_total')).toEqual({ a: 1, b: 3, _overflow: 16 })
  copy(reading('counter', 'c_total', { a: 1, b: 1, d: 9 }))
  expect(await served(store, 'c_total')).toEqual({ a: 1, b: 3, _overflow: 16 })
})

test('a new gauge beyond the limit of series reuses the slots of a removed one', async () => {
  const first = reading('gauge', 'g', { a: 1, b: 2 })
  const { store, copy } = targetFor(first, 2)
  copy(first)
  for (let i = 0; i < 100; i++) copy(reading('gauge', 'g', { a: 1 }))
  copy(reading('gauge', 'g', { a: 1, c: 3 }))
  expect(await served(store, 'g')).toEqual({ a: 1, c: 3 })
  copy(reading('gauge', 'g', { a: 1, b: 5, c: 3 }))
  expect(await served(store, 'g')).toEqual({ a: 1, c: 3 })
  expect(await served(store, FAMILIES.seriesDropped.name)).toEqual({ g: 1 })
})
