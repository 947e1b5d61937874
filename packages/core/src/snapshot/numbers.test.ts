import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Numbers, seriesInPage } from './numbers.ts'

test('the numbers of each series are found again, over all pages', () => {
  const sizes = fc.record({ width: fc.integer({ min: 1, max: 40 }), series: fc.integer({ min: 0, max: 5000 }) })
  const property = fc.property(sizes, ({ width, series }) => {
    const all = Array.from({ length: series * width }, (_, i) => i)
    const numbers = Numbers.from(all, width)
    // Compared by Node: `toEqual` takes a hundred times as long, and there are millions of numbers.
    expect(isDeepStrictEqual([...numbers], all)).toBe(true)
    expect(numbers.pages).toHaveLength(Math.ceil(series / seriesInPage(width)))
    const wrong: number[] = []
    for (let i = 0; i < series; i += 1 + Math.floor(series / 100)) {
      const isFound = isDeepStrictEqual([...numbers.of(i)], all.slice(i * width, (i + 1) * width))
      if (!isFound || numbers.get(i, width - 1) !== (i + 1) * width - 1) wrong.push(i)
    }
    expect(wrong).toEqual([])
    expect([numbers.get(series), [...numbers.of(series)]]).toEqual([Number.NaN, []])
  })
  fc.assert(property)
})

test('a page has whole series, and one at least', () => {
  expect([1, 2, 16, 17, 1024, 5000].map(seriesInPage)).toEqual([1024, 512, 64, 32, 1, 1])
})
