import { expect, test } from 'vitest'
import type { CatalogLine } from '../store/catalog.ts'
import { HEADER_SLOTS } from '../store/header.ts'
import { Merger } from './merge/merge.ts'
import type { Source } from './source.ts'
import { runSync } from './task.ts'

function counting(value: number): Source {
  const definition = { name: 'x_total', type: 'counter', help: '', labels: [], buckets: [], aggregator: 'sum' } as const
  const lines: CatalogLine[] = [
    { ...definition, kind: 'family', index: 0 },
    { kind: 'series', family: 0, values: [], slot: HEADER_SLOTS },
  ]
  const values = new Float64Array(HEADER_SLOTS + 1)
  values[HEADER_SLOTS] = value
  return { worker: 1, startedAt: 1, isExited: false, values, names: { next: () => lines.shift() } }
}

function total(merger: Merger, sources: readonly Source[]): number | undefined {
  merger.begin()
  for (const source of sources) runSync(merger.add(source))
  return runSync(merger.finish()).families[0]?.values.get(0)
}

test('a sum that is made in another order, once stores are retired, does not fall in its last digit', () => {
  const merger = new Merger()
  const [a, b, c] = [counting(0.3), counting(0.2), counting(0.1)]
  const other = 0.3 + 0.2 + 0.1
  expect(0.1 + 0.2 + 0.3).toBeGreaterThan(other)
  const before = total(merger, [c, b, a])
  expect(before).toBe(0.1 + 0.2 + 0.3)
  expect(total(merger, [a, b, c])).toBe(before)
  a.values[HEADER_SLOTS] = 0.4
  expect(total(merger, [a, b, c])).toBeGreaterThan(before!)
})

test('a counter that its user resets falls', () => {
  const merger = new Merger()
  const source = counting(5)
  expect(total(merger, [source])).toBe(5)
  source.values[HEADER_SLOTS] = 1
  expect(total(merger, [source])).toBe(1)
})
