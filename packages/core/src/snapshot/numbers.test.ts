import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Numbers, seriesInPage } from './numbers.ts'

test('the numbers of each series are found again, over all pages', () => {
  const sizes = fc.record({ width: fc.integer({ min: 1, max: 40 }), series: fc.integer({ min: 0, max: 5000 }) })
  const property = fc.property(sizes, ({ width, series }) => {
    const all = Array.from({ length: series * width }, (_, i) => i)
    const numbers = Numbers.from(all, width)
    expect([...numbers]).toEqual(all)
    expect(numbers.pages).toHaveLength(Math.ceil(series / seriesInPage(width)))
    for (let i = 0; i < series; i += 1 + Math.floor(series / 100)) {
      expect([...numbers.of(i)]).toEqual(all.slice(i * width, (i + 1) * width))
      expect(numbers.get(i, width - 1)).toBe((i + 1) * width - 1)
    }
    expect([numbers.get(series), [...numbers.of(series)]]).toEqual([Number.NaN, []])
  })
  fc.assert(property)
})

test('a page has whole series, and one at least', () => {
  expect([1, 2, 16, 17, 1024, 5000].map(seriesInPage)).toEqual([1024, 512, 64, 32, 1, 1])
})
