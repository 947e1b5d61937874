import { expect, test } from 'vitest'
import { RestartPace, reasonOf } from './restarts.ts'

test.each([
  [{ code: null, signal: 'SIGKILL' }, 'killed'],
  [{ code: 137, signal: null }, 'killed'],
  [{ code: null, signal: 'SIGABRT' }, 'out_of_memory'],
  [{ code: 134, signal: null }, 'out_of_memory'],
  [{ code: 1, signal: null }, 'crash'],
  [{ code: null, signal: 'SIGSEGV' }, 'crash'],
  [{ code: 0, signal: null }, 'exit'],
] as const)('an exit with %o is told as %s', (exit, reason) => {
  expect(reasonOf(exit)).toBe(reason)
})

test('workers that die young are started again ever later, up to 10 s', () => {
  const pace = new RestartPace()
  const delays = Array.from({ length: 9 }, () => pace.delayAfterMs(4999))
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
})

test('a worker that has lived is started again at once, and what was before it is forgotten', () => {
  const pace = new RestartPace()
  expect([10, 10, 5000, 10].map(livedMs => pace.delayAfterMs(livedMs))).toEqual([100, 200, 0, 100])
})
