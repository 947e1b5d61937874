import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Aggregator } from '../../definitions/definition.ts'
import type { CatalogLine } from '../../store/catalog.ts'
import { Changes } from '../changes.ts'
import type { Family } from '../snapshot.ts'
import type { Names, Source } from '../source.ts'
import { runSync } from '../task.ts'
import { Merger } from './merge.ts'

type Numbers = readonly (readonly [value: number, setAt: number])[]

/** A source with one gauge, whose series `i` is labelled so and has `numbers[i]`. */
function sourceOf(aggregator: Aggregator, worker: number, numbers: Numbers): Source {
  const lines: CatalogLine[] = [
    { kind: 'family', index: 0, name: 'g', type: 'gauge', help: '', labels: ['i'], buckets: [], aggregator },
    ...numbers.map((_, i): CatalogLine => ({ kind: 'series', family: 0, values: [String(i)], slot: 16 + 2 * i })),
  ]
  const values = Float64Array.from([...new Array(16).fill(0), ...numbers.flat()])
  return { worker, startedAt: 1, isExited: false, values, names: { next: () => lines.shift() } }
}

function sumOf(merger: Merger, sources: readonly Source[]): Family[] {
  merger.begin()
  for (const source of sources) runSync(merger.add(source))
  return runSync(merger.finish()).families
}

const MODEL: Record<Exclude<Aggregator, 'worker'>, (all: Numbers) => number> = {
  sum: all => all.reduce((sum, [value]) => sum + value, 0),
  max: all => Math.max(...all.map(([value]) => value)),
  min: all => Math.min(...all.map(([value]) => value)),
  average: all => all.reduce((sum, [value]) => sum + value, 0) / all.length,
  first: all => all[0]![0],
  latest: all => all.reduce((last, each) => (each[1] > last[1] ? each : last))[0],
}

test.each(Object.keys(MODEL) as (keyof typeof MODEL)[])('%s equals a naive model, scan after scan', aggregator => {
  const value = fc.oneof(fc.integer(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY))
  const numbers = fc.array(fc.tuple(value, fc.nat(3)), { maxLength: 40 })
  fc.assert(
    fc.property(fc.array(numbers, { minLength: 1, maxLength: 4 }), all => {
      const merger = new Merger()
      const sources = all.map((each, i) => sourceOf(aggregator, i + 1, each))
      // Each look is without one source more: what only it had must vanish.
      for (let first = 0; first < sources.length; first++) {
        const family = sumOf(merger, sources.slice(first))[0]!
        const present = all.slice(first)
        const longest = Math.max(...present.map(({ length }) => length))
        const expected = Array.from({ length: longest }, (_, i) =>
          MODEL[aggregator](present.flatMap(each => each.slice(i, i + 1))),
        )
        const got = new Map(family.labels.map(([label], i) => [label, family.values.get(i)]))
        expect(got).toEqual(new Map(expected.map((each, i) => [String(i), each])))
      }
    }),
  )
})

test('an average has no overflow series before it has a value', () => {
  const source = sourceOf('average', 1, [[0, 0]])
  const names: Names = {
    next(known) {
      const line = source.names.next(known)
      return typeof line === 'object' && line.kind === 'series' ? { ...line, overflow: true } : line
    },
  }
  expect(sumOf(new Merger(), [{ ...source, names }])[0]!.labels).toEqual([])
})

test('a sum that was not finished loses no change for the next', () => {
  const changes = new Changes()
  const source = { ...sourceOf('sum', 1, [[1, 0]]), changes }
  const merger = new Merger()
  const valuesIn = () => [...sumOf(merger, [source])[0]!.values]
  expect(valuesIn()).toEqual([1])
  source.values[16] = 2
  changes.mark(16, 17)
  merger.begin()
  runSync(merger.add(source))
  changes.clear()
  expect(valuesIn()).toEqual([2])
})
