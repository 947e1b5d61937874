import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createMonitor, type Monitor } from '../monitor/monitor.ts'

let monitor: Monitor

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  monitor = createMonitor({ promClient: false, worker: 0 })
})
afterEach(async () => {
  await monitor.close()
  vi.useRealTimers()
})

async function shown(name: string): Promise<string[]> {
  const { families } = await monitor.snapshot()
  return (families.find(each => each.name === name)?.labels ?? []).map(String).sort()
}

test('a series that stands still for so long is removed, one that is recorded to stays, also with the same value', async () => {
  const seen = monitor.gauge({ name: 'seen', help: 'Seen.', labels: ['host'], expireAfterSeconds: 100 })
  const [a, b] = [seen.labels('a'), seen.labels('b')]
  a.set(1)
  b.set(1)
  for (let second = 0; second < 90; second += 10) {
    vi.advanceTimersByTime(10_000)
    a.set(1)
  }
  expect(await shown('seen')).toEqual(['a', 'b'])
  for (let second = 90; second < 160; second += 10) {
    vi.advanceTimersByTime(10_000)
    a.set(1)
  }
  expect(await shown('seen')).toEqual(['a'])
  b.set(2)
  expect(await shown('seen')).toEqual(['a', 'b'])
})

test('no series goes before its time, and each within a quarter of it afterwards', async () => {
  const jobs = monitor.counter({ name: 'jobs_total', help: 'Jobs.', labels: ['host'], expireAfterSeconds: 40 })
  vi.advanceTimersByTime(5_000)
  jobs.labels('a').inc()
  vi.advanceTimersByTime(40_000)
  expect(await shown('jobs_total')).toEqual(['a'])
  vi.advanceTimersByTime(15_000)
  expect(await shown('jobs_total')).toEqual([])
})

test('without expireAfterSeconds a series stays, and after the end nothing is removed', async () => {
  const kept = monitor.counter({ name: 'kept_total', help: 'Kept.', labels: ['host'] })
  const going = monitor.counter({ name: 'going_total', help: 'Going.', labels: ['host'], expireAfterSeconds: 1 })
  kept.labels('a').inc()
  going.labels('a').inc()
  await monitor.close()
  vi.advanceTimersByTime(1_000_000)
  expect(vi.getTimerCount()).toBe(0)
  expect(await shown('kept_total')).toEqual(['a'])
  expect(await shown('going_total')).toEqual(['a'])
})
