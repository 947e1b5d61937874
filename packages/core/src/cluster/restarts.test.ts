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
  const delays = Array.from({ length: 9 }, () => pace.delayAfterMs({ startingMs: 100, upMs: 4999 }))
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
})

test('workers that took long to start and never were up are started again ever later', () => {
  const pace = new RestartPace()
  const delays = Array.from({ length: 4 }, () => pace.delayAfterMs({ startingMs: 59_999 }))
  expect(delays).toEqual([100, 200, 400, 800])
  expect(pace.isLoop).toBe(true)
})

test('the time that a worker took to start is not one in which it was up', () => {
  const pace = new RestartPace()
  expect(pace.delayAfterMs({ startingMs: 30_000, upMs: 10 })).toBe(100)
})

test('workers that have served are started again sooner, after 1 s at the latest', () => {
  const pace = new RestartPace()
  const delays = Array.from({ length: 6 }, () => pace.delayAfterMs({ startingMs: 5, upMs: 5, hasServed: true }))
  expect(delays).toEqual([100, 200, 400, 800, 1000, 1000])
})

test.each([
  ['was up for 5 s', { startingMs: 100, upMs: 5000 }],
  ['never listened and ran for a minute', { startingMs: 60_000 }],
])('a worker that %s is started again at once, and what was before it is forgotten', (_, lived) => {
  const pace = new RestartPace()
  const young = { startingMs: 10 }
  expect([young, young, lived, young].map(life => pace.delayAfterMs(life))).toEqual([100, 200, 0, 100])
})
