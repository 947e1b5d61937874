import { expect, test } from 'vitest'
import { quantile } from './quantile.ts'

const INFINITY = Number.POSITIVE_INFINITY

test('observations are distributed evenly within a bucket', () => {
  const buckets = [
    [1, 0],
    [2, 10],
    [INFINITY, 10],
  ] as const
  expect(quantile(0.5, buckets)).toBe(1.5)
  expect(quantile(0.99, buckets)).toBeCloseTo(1.99)
  expect(quantile(1, buckets)).toBe(2)
})

test('the first bucket begins at 0', () => {
  expect(
    quantile(0.5, [
      [4, 8],
      [INFINITY, 8],
    ]),
  ).toBe(2)
})

test('a quantile above all finite bounds is the greatest bound', () => {
  expect(
    quantile(0.9, [
      [1, 1],
      [2, 1],
      [INFINITY, 10],
    ]),
  ).toBe(2)
})

test('the order of the buckets does not matter', () => {
  expect(
    quantile(0.5, [
      [INFINITY, 4],
      [2, 4],
      [1, 2],
    ]),
  ).toBe(1)
})

test('there is no quantile without observations', () => {
  expect(quantile(0.5, [])).toBeUndefined()
  expect(
    quantile(0.5, [
      [1, 0],
      [INFINITY, 0],
    ]),
  ).toBeUndefined()
})
