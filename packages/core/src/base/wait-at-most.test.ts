import { getActiveResourcesInfo } from 'node:process'
import { expect, test } from 'vitest'
import { waitAtMost } from './wait-at-most.ts'

function timers(): number {
  return getActiveResourcesInfo().filter(name => name === 'Timeout').length
}

test.each([
  ['is done', () => Promise.resolve()],
  ['fails', () => Promise.reject(new Error('no'))],
])('no timer is left of a deadline whose work %s before it', async (_, work) => {
  const before = timers()
  await waitAtMost(60_000, work()).catch(() => {})
  expect(timers()).toBe(before)
})

test('a failure within the deadline is its answer, and work that takes longer is not waited for', async () => {
  await expect(waitAtMost(60_000, Promise.reject(new Error('no')))).rejects.toThrow('no')
  await waitAtMost(1, new Promise(() => {}))
})
