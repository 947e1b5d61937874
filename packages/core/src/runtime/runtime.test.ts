import { expect, test } from 'vitest'
import type { Definition } from '../definitions/definition.ts'
import { FAMILIES } from '../definitions/metrics.ts'
import { internalsOf } from '../monitor/internals.ts'
import { createMonitor } from '../monitor/monitor.ts'
import { isAbsent } from '../store/absent.ts'
import { Store } from '../store/store.ts'
import { cpuSampler } from './cpu.ts'
import { eventLoopSampler } from './event-loop.ts'
import { heapSampler, residentSampler } from './memory.ts'

const heapStore = (): Store => new Store({ storage: 'memory', directory: undefined, worker: 1 })

function valueIn(store: Store, definition: Definition): number {
  const family = store.family(definition)
  return family.storage.values[family.slot([])]!
}

test('CPU seconds are the sum of user and system time, and utilization is their share of the elapsed time', () => {
  const store = heapStore()
  let used = { user: 1_000_000, system: 0 }
  let at = 0
  const sample = cpuSampler(
    store,
    () => used,
    () => at,
  )
  used = { user: 1_250_000, system: 500_000 }
  at = 1000
  sample()
  expect(valueIn(store, FAMILIES.workerCpu)).toBe(1.75)
  expect(valueIn(store, FAMILIES.workerCpuUtilization)).toBe(0.75)
})

test('a sample shortly after another updates the CPU seconds, but not the utilization', () => {
  const store = heapStore()
  let used = { user: 0, system: 0 }
  let at = 0
  const sample = cpuSampler(
    store,
    () => used,
    () => at,
  )
  at = 99
  used = { user: 99_000, system: 0 }
  sample()
  expect(valueIn(store, FAMILIES.workerCpu)).toBe(0.099)
  const { storage, overflow } = store.family(FAMILIES.workerCpuUtilization)
  expect(isAbsent(storage.values, overflow)).toBe(true)
  at = 200
  sample()
  expect(valueIn(store, FAMILIES.workerCpuUtilization)).toBe(0.495)
})

test('event loop utilization is the busy share of the time since the previous sample, not since the start', () => {
  const store = heapStore()
  let times = { idle: 5000, active: 5000 }
  const sample = eventLoopSampler(store, () => times)
  times = { idle: 5750, active: 5250 }
  sample()
  expect(valueIn(store, FAMILIES.workerEventLoopUtilization)).toBe(0.25)
  times = { idle: 5750, active: 6250 }
  sample()
  expect(valueIn(store, FAMILIES.workerEventLoopUtilization)).toBe(1)
})

test('memory is the resident memory of the process and the size of its heap', () => {
  const store = heapStore()
  residentSampler(store, () => 300)()
  heapSampler(store, () => ({ used_heap_size: 100, heap_size_limit: 200 }))()
  expect(valueIn(store, FAMILIES.workerResidentMemory)).toBe(300)
  expect(valueIn(store, FAMILIES.workerHeapUsed)).toBe(100)
  expect(valueIn(store, FAMILIES.workerHeapLimit)).toBe(200)
})

test('CPU time that a worker uses is in the next collected CPU seconds', async () => {
  const monitor = createMonitor({ promClient: false })
  await monitor.collect()
  const before = valueIn(internalsOf(monitor).store, FAMILIES.workerCpu)
  const start = process.cpuUsage()
  const burnt = (): number => process.cpuUsage(start).user + process.cpuUsage(start).system
  while (burnt() < 50_000) Math.sqrt(burnt())
  await monitor.collect()
  expect(valueIn(internalsOf(monitor).store, FAMILIES.workerCpu) - before).toBeGreaterThanOrEqual(0.05)
  await monitor.close()
})

test('memory that a worker allocates is in the next collected heap size', async () => {
  const monitor = createMonitor({ promClient: false })
  await monitor.collect()
  const before = valueIn(internalsOf(monitor).store, FAMILIES.workerHeapUsed)
  const kept = Array.from({ length: 8_000_000 }, (_, i) => i + 0.5)
  await monitor.collect()
  const after = valueIn(internalsOf(monitor).store, FAMILIES.workerHeapUsed)
  expect(kept.length).toBe(8_000_000)
  // 64 MB of doubles; what a collection of garbage may have taken meanwhile is far less than half.
  expect(after - before).toBeGreaterThan(32_000_000)
  expect(after).toBeLessThan(valueIn(internalsOf(monitor).store, FAMILIES.workerHeapLimit))
  await monitor.close()
})

test('the primary has no metrics of a worker', async () => {
  const monitor = createMonitor({ worker: 0, promClient: false })
  expect(await monitor.metrics()).not.toContain('promherd_worker_cpu')
  await monitor.close()
})
