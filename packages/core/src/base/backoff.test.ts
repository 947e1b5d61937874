import { expect, test } from 'vitest'
import { backoffMs, jitteredMs } from './backoff.ts'

const BACKOFF = { firstMs: 100, mostMs: 10_000 }

test('waits double with each attempt, up to the most', () => {
  expect([0, 1, 2, 6, 7, 1000].map(attempt => backoffMs(attempt, BACKOFF))).toEqual([
    100, 200, 400, 6400, 10_000, 10_000,
  ])
})

test('jitter takes any part of the wait', () => {
  expect([0, 0.5, 1].map(random => jitteredMs(2, BACKOFF, () => random))).toEqual([0, 200, 400])
})
