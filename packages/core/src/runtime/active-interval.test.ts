import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { ActiveInterval } from './active-interval.ts'

const INTERVAL_MS = 100

/** A pace that notes its calls. */
function paced(work: () => boolean, intervalMs = INTERVAL_MS): { calls: () => number } {
  let calls = 0
  const pace = new ActiveInterval(() => {
    calls++
    return work()
  }, intervalMs)
  onTestFinished(() => pace.stop())
  return { calls: () => calls }
}

test('the work runs after a timer, before the event loop waits for events again', async () => {
  let done = 0
  let seen = 0
  paced(() => {
    const isNew = seen < done
    seen = done
    return isNew
  }, 1)
  for (let i = 1; i <= 5; i++) {
    await wait(5)
    done++
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(seen).toBe(i)
  }
})

test.each([false, true])('the calls keep the interval under load if the work returns %s', async hasChanged => {
  const { calls } = paced(() => hasChanged)
  const startedAt = performance.now()
  while (performance.now() - startedAt < 500) await new Promise(resolve => setImmediate(resolve))
  const intervals = (performance.now() - startedAt) / INTERVAL_MS
  expect(calls()).toBeGreaterThanOrEqual(2)
  // Ten more may have been saved up.
  expect(calls()).toBeLessThanOrEqual(intervals + 12)
})

test('the work runs again after a change, even if no other event wakes the event loop', async () => {
  const answers = [true, true, false]
  const times: number[] = []
  await new Promise<void>(resolve => {
    paced(() => {
      times.push(performance.now())
      const answer = answers.shift() ?? false
      if (!answer) resolve()
      return answer
    }, 20)
  })
  expect(times).toHaveLength(3)
  expect(times[1]! - times[0]!).toBeGreaterThan(15)
})

test('a stopped pace makes no further calls', async () => {
  let calls = 0
  const pace = new ActiveInterval(() => {
    calls++
    return true
  }, 1)
  await wait(20)
  pace.stop()
  const before = calls
  await wait(20)
  expect(before).toBeGreaterThan(0)
  expect(calls).toBe(before)
})
