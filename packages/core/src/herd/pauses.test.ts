import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Definition } from '../definitions/definition.ts'
import { Instruments } from '../instruments/instruments.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { runSync } from '../snapshot/task.ts'
import { Store } from '../store/store.ts'
import { listStores } from './directory/directory.ts'
import { Herd } from './herd.ts'
import { Retired } from './retiring/retire.ts'
import { SingleProcessHerd } from './single-process-herd.ts'

const JOBS: Definition = {
  name: 'jobs_total',
  type: 'counter',
  help: 'J.',
  labels: ['i'],
  buckets: [],
  aggregator: 'sum',
}
const SERIES = 600
let directory: string

/** A clock that runs so fast that others have their turn after every step, and no turn seems to be held up. */
function hurryTime(): void {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += 1
    return now
  })
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(directory, { recursive: true, force: true })
})

function record(worker: number, count: number): Store {
  const store = new Store({ storage: 'file', directory, worker })
  const family = store.family(JOBS)
  for (let i = 0; i < SERIES; i++) store.storage.values[family.slot([String(i)])] = count
  store.flush()
  return store
}

/** The numbers that the series have: one where all have the same. */
function countsIn({ families }: Snapshot): number[] {
  const jobs = families.find(({ name }) => name === 'jobs_total')
  expect(jobs?.labels.length).toBe(SERIES)
  return [...new Set(jobs?.values ?? [])]
}

/** Does something in turn number `turn` of some work; answers what comes of the work, and whether it was under way. */
async function during<T>(
  work: Promise<T>,
  turn: number,
  act: () => void,
): Promise<{ result: T; wasUnderway: boolean }> {
  let settled = false
  const done = work.finally(() => {
    settled = true
  })
  for (let i = 0; i < turn && !settled; i++) await nextTurn()
  const wasUnderway = !settled
  act()
  return { result: await done, wasUnderway }
}

describe('a snapshot that takes many turns', () => {
  test('contains each store once, while another process retires some of them', async () => {
    record(1, 1).close()
    record(2, 2).close()
    const running = record(3, 4)
    const herd = new Herd({ directory })
    hurryTime()
    let underway = 0
    for (let turn = 0; turn < 60; turn++) {
      const exited = listStores(directory).filter(({ worker }) => worker < 3)
      const { result, wasUnderway } = await during(herd.snapshot(), turn, () => {
        expect(runSync(new Retired(directory).retire(exited))).toBe(2)
      })
      expect(countsIn(result)).toEqual([7 + 3 * turn])
      underway += Number(wasUnderway)
      // Two more have started and exited by the next turn, to be retired then.
      record(1, 1).close()
      record(2, 2).close()
    }
    expect(underway).toBeGreaterThan(20)
    running.close()
    await herd.close()
  })

  test('is not mixed with another one', async () => {
    const store = record(1, 3)
    const herd = new Herd({ directory })
    hurryTime()
    const snapshots = await Promise.all(Array.from({ length: 5 }, () => herd.snapshot()))
    expect(snapshots.map(countsIn)).toEqual([[3], [3], [3], [3], [3]])
    store.close()
    await herd.close()
  })

  test("of a process's own store is of one moment, whatever is recorded meanwhile", async () => {
    const store = new Store({ storage: 'memory', directory: undefined, worker: 1 })
    const { storage } = store
    const family = store.family(JOBS)
    const slots = Array.from({ length: SERIES }, (_, i) => family.slot([String(i)]))
    hurryTime()
    let underway = 0
    for (let turn = 1; turn <= 20; turn++) {
      const herd = new SingleProcessHerd(store)
      const { result, wasUnderway } = await during(herd.snapshot(), turn, () => {
        for (const slot of slots) storage.values[slot]!++
      })
      expect(countsIn(result)).toEqual([turn - 1])
      underway += Number(wasUnderway)
    }
    expect(underway).toBeGreaterThan(5)
    store.close()
  })

  test("of a process's own store never mixes a series with the one that reuses its slots meanwhile", async () => {
    const store = new Store({ storage: 'memory', directory: undefined, worker: 1 })
    const jobs = new Instruments(store).counter({ name: 'jobs_total', help: 'Jobs.', labels: ['i'] })
    const herd = new SingleProcessHerd(store)
    for (let i = 0; i < SERIES; i++) jobs.labels(String(i)).inc(i + 1)
    hurryTime()
    const { result, wasUnderway } = await during(herd.snapshot(), 3, () => {
      for (let i = 0; i < SERIES; i++) {
        jobs.remove(String(i))
        jobs.labels(`new ${i}`).inc(10_000)
      }
    })
    const family = result.families.find(({ name }) => name === 'jobs_total')!
    expect(wasUnderway).toBe(true)
    expect(family.labels.map(([i], at) => [i, family.values.get(at)])).toEqual(
      Array.from({ length: SERIES }, (_, i) => [String(i), i + 1]),
    )
    store.close()
  })
})
