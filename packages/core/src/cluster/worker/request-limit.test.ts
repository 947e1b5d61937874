import { expect, test } from 'vitest'
import { RequestLimit } from './request-limit.ts'

/** The numbers of the requests at which the limit is reached. */
function reachedAt(most: number, jitter: number, random: number, requests: number): number[] {
  const reached: number[] = []
  let request = 0
  const limit = new RequestLimit(
    most,
    jitter,
    () => reached.push(request),
    () => random,
  )
  for (request = 1; request <= requests; request++) limit.countRequest()
  return reached
}

test('the limit is reached after the given number of requests, and again after the same number', () => {
  expect(reachedAt(3, 0, 0.99, 10)).toEqual([3, 6, 9])
})

test('jitter adds between 0 and its own value', () => {
  expect(reachedAt(3, 2, 0, 5)).toEqual([3])
  expect(reachedAt(3, 2, 0.999, 9)).toEqual([5])
})

test('a limit of 0 is never reached', () => {
  expect(reachedAt(0, 5, 0, 1000)).toEqual([])
})
