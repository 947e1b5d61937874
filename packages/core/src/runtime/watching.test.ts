import { PerformanceObserver } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import { GARBAGE_KINDS } from '../definitions/label-values.ts'
import { createMonitor, type Monitor } from '../monitor/monitor.ts'
import type { Family } from '../snapshot/snapshot.ts'
import { observeDelays } from './event-loop-delay.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as (options?: { type: 'minor' | 'major' }) => void

function monitorOfTest(): Monitor {
  const monitor = createMonitor({ storage: 'memory', promClient: false })
  onTestFinished(() => monitor.close())
  return monitor
}

async function familyOf(monitor: Monitor, name: string): Promise<Family> {
  return (await monitor.snapshot()).families.find(family => family.name === name)!
}

const delays = (monitor: Monitor): Promise<Family> => familyOf(monitor, 'promherd_worker_event_loop_delay_seconds')

async function pauses(monitor: Monitor): Promise<Record<string, number>> {
  const family = await familyOf(monitor, 'promherd_worker_gc_duration_seconds')
  return Object.fromEntries(family.labels.map(([kind], i) => [kind, countOf(family, i)]))
}

/** How many of the delays were longer than one of the upper bounds. */
function longer({ buckets, values }: Family, seconds: number): number {
  return values
    .of(0)
    .subarray(buckets.indexOf(seconds) + 1, -1)
    .reduce((sum, count) => sum + count, 0)
}

function block(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

test('a delay also represents the samples that were due in the meantime', () => {
  const seen: number[] = []
  observeDelays(3200, seconds => seen.push(Math.round(seconds * 1000)))
  expect(seen).toEqual([3200, 2200, 1200, 200])
  observeDelays(1000, seconds => seen.push(Math.round(seconds * 1000)))
  expect(seen.slice(4)).toEqual([1000])
  observeDelays(-0.4, seconds => seen.push(seconds))
  expect(seen.slice(5)).toEqual([0])
})

test('a blocked event loop is observed for its whole duration', async () => {
  const monitor = monitorOfTest()
  const before = await delays(monitor)
  block(2600)
  // The sample that was due is taken once the loop turns again.
  const after = await expect
    .poll(async () => longer(await delays(monitor), 0.05) - longer(before, 0.05), { timeout: 5000 })
    .toBeGreaterThanOrEqual(2)
    .then(() => delays(monitor))
  expect(after.labels).toEqual([['1']])
  // One sample for each second, more or less, blocked or not.
  expect(countOf(after, 0) - countOf(before, 0)).toBeGreaterThanOrEqual(2)
  expect(longer(after, 1)).toBeGreaterThanOrEqual(1)
  expect(longer(after, 10)).toBe(0)
})

test('a closed monitor takes no samples, while another one continues', async () => {
  const [closed, open] = [createMonitor({ storage: 'memory', promClient: false }), monitorOfTest()]
  await expect.poll(async () => countOf(await delays(closed), 0), { timeout: 5000 }).toBeGreaterThan(0)
  await closed.close()
  const [last, lastPauses] = [await delays(closed), await pauses(closed)]
  const [more, morePauses] = [countOf(await delays(open), 0) + 2, (await pauses(open))['major']! + 1]
  // After these samples: a collection may be reported before the next one.
  collectGarbage()
  await expect.poll(async () => countOf(await delays(open), 0), { timeout: 5000 }).toBeGreaterThanOrEqual(more)
  await expect.poll(async () => (await pauses(open))['major']!).toBeGreaterThanOrEqual(morePauses)
  expect((await delays(closed)).values).toEqual(last.values)
  expect(await pauses(closed)).toEqual(lastPauses)
})

test('each garbage collection is counted by its kind, even if several occur in one turn', async () => {
  const monitor = monitorOfTest()
  const seen: number[] = []
  const users = new PerformanceObserver(list => void seen.push(...list.getEntries().map(({ duration }) => duration)))
  users.observe({ entryTypes: ['gc'] })
  onTestFinished(() => users.disconnect())
  expect(Object.keys(await pauses(monitor)).sort()).toEqual([...GARBAGE_KINDS].sort())
  const before = await pauses(monitor)
  for (let i = 0; i < 3; i++) collectGarbage()
  for (let i = 0; i < 5; i++) collectGarbage({ type: 'minor' })
  await expect.poll(async () => (await pauses(monitor))['minor']! - before['minor']!).toBeGreaterThanOrEqual(5)
  const seenByUser = seen.length
  const after = await pauses(monitor)
  expect(after['major']! - before['major']!).toBeGreaterThanOrEqual(3)
  // An observer of the user's own sees them all, and neither takes them from the other.
  expect(seenByUser).toBeGreaterThanOrEqual(8)
  expect(seenByUser).toBeLessThanOrEqual(Object.values(after).reduce((sum, count) => sum + count, 0))
})

test('the monitor of a primary has no event loop delay', async () => {
  const monitor = createMonitor({ storage: 'memory', promClient: false, worker: 0 })
  expect(await delays(monitor)).toBeUndefined()
  await monitor.close()
})

/** How many observations the histogram series at `index` has. */
function countOf(family: Family, index: number): number {
  return family.values
    .of(index)
    .subarray(0, -1)
    .reduce((sum, count) => sum + count, 0)
}
