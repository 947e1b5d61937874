import { expect, test } from 'vitest'
import { Wear } from './request-limit.ts'

function wornAfter(most: number, jitter: number, random: number, uses: number): number[] {
  const worn: number[] = []
  let used = 0
  const wear = new Wear(
    most,
    jitter,
    () => worn.push(used),
    () => random,
  )
  for (used = 1; used <= uses; used++) wear.use()
  return worn
}

test('a worker is worn after as many requests as are given, and again after as many more', () => {
  expect(wornAfter(3, 0, 0.99, 10)).toEqual([3, 6, 9])
})

test('jitter adds from nothing to itself', () => {
  expect(wornAfter(3, 2, 0, 5)).toEqual([3])
  expect(wornAfter(3, 2, 0.999, 9)).toEqual([5])
})

test('zero means never', () => {
  expect(wornAfter(0, 5, 0, 1000)).toEqual([])
})
