import { expect, test } from 'vitest'
import { RestartDelay, reasonOf } from './restarts.ts'

test.each([
  [{ code: null, signal: 'SIGKILL' }, 'killed'],
  [{ code: 137, signal: null }, 'killed'],
  [{ code: 1, signal: null }, 'crash'],
  [{ code: null, signal: 'SIGSEGV' }, 'crash'],
  [{ code: 0, signal: null }, 'exit'],
] as const)('an exit with %o has the reason %s', (exit, reason) => {
  expect(reasonOf(exit, true)).toBe(reason)
  expect(reasonOf(exit, false)).toBe(reason)
})

test.each([
  { code: null, signal: 'SIGABRT' },
  { code: 134, signal: null },
])('an abort (%o) has the reason out_of_memory only if the heap was full, or nothing is known of it', exit => {
  expect([true, undefined, false].map(wasFull => reasonOf(exit, wasFull))).toEqual([
    'out_of_memory',
    'out_of_memory',
    'crash',
  ])
})

test('the delay doubles with each worker that exits early, up to 10 s', () => {
  const delay = new RestartDelay()
  const delays = Array.from({ length: 9 }, () => delay.afterMs({ startingMs: 100, listeningMs: 4999 }))
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
})

test('the delay doubles with each worker that takes long to start and never listens', () => {
  const delay = new RestartDelay()
  const delays = Array.from({ length: 4 }, () => delay.afterMs({ startingMs: 59_999 }))
  expect(delays).toEqual([100, 200, 400, 800])
  expect(delay.isLoop).toBe(true)
})

test('the time until a worker listens does not count as time in which it listened', () => {
  const delay = new RestartDelay()
  expect(delay.afterMs({ startingMs: 30_000, listeningMs: 10 })).toBe(100)
})

test('the delay is at most 1 s after workers that have served requests', () => {
  const delay = new RestartDelay()
  const delays = Array.from({ length: 6 }, () => delay.afterMs({ startingMs: 5, listeningMs: 5, hasServed: true }))
  expect(delays).toEqual([100, 200, 400, 800, 1000, 1000])
})

test.each([
  ['listened for 5 s', { startingMs: 100, listeningMs: 5000 }],
  ['never listened and ran for a minute', { startingMs: 60_000 }],
])('a worker that %s is replaced without a delay, and resets the delay', (_, stable) => {
  const delay = new RestartDelay()
  const early = { startingMs: 10 }
  expect([early, early, stable, early].map(times => delay.afterMs(times))).toEqual([100, 200, 0, 100])
})
