import { expect, test } from 'vitest'
import { RestartPace, reasonOf } from './restarts.ts'

test.each([
  [{ code: null, signal: 'SIGKILL' }, 'killed'],
  [{ code: 137, signal: null }, 'killed'],
  [{ code: 1, signal: null }, 'crash'],
  [{ code: null, signal: 'SIGSEGV' }, 'crash'],
  [{ code: 0, signal: null }, 'exit'],
] as const)('an exit with %o is told as %s', (exit, reason) => {
  expect(reasonOf(exit, true)).toBe(reason)
  expect(reasonOf(exit, false)).toBe(reason)
})

test.each([
  { code: null, signal: 'SIGABRT' },
  { code: 134, signal: null },
])('an abort (%o) is out of memory only where the heap was full, or nothing is known of it', exit => {
  expect([true, undefined, false].map(wasFull => reasonOf(exit, wasFull))).toEqual([
    'out_of_memory',
    'out_of_memory',
    'crash',
  ])
})

test('workers that die young are started again ever later, up to 10 s', () => {
  const pace = new RestartPace()
  const delays = Array.from({ length: 9 }, () => pace.delayAfterMs(4999))
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
})

test('workers that have served are started again sooner, after 1 s at the latest', () => {
  const pace = new RestartPace()
  const delays = Array.from({ length: 6 }, () => pace.delayAfterMs(10, true))
  expect(delays).toEqual([100, 200, 400, 800, 1000, 1000])
})

test('a worker that has lived is started again at once, and what was before it is forgotten', () => {
  const pace = new RestartPace()
  expect([10, 10, 5000, 10].map(livedMs => pace.delayAfterMs(livedMs))).toEqual([100, 200, 0, 100])
})
