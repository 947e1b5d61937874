import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Definition } from '../../definitions/definition.ts'
import { Herd } from '../../herd/herd.ts'
import { removeQuietly } from '../../herd/start-herd.ts'
import { StoreLocation } from '../../monitor/store-location.ts'
import { Store } from '../../store/store.ts'
import { FallbackDirectory } from './fallback-directory.ts'

/** A herd of two workers in one process: messages between a worker and its primary arrive at once. */

const COUNTED: Definition = { name: 'm_total', type: 'counter', help: 'M.', labels: [], buckets: [], aggregator: 'sum' }

let directory: string
let herd: Herd
let fallback: FallbackDirectory
let locations: StoreLocation[]
let stores: Store[]
let made: string[]
/** The number of directories that were sent to workers. */
let sent: number

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
  herd = new Herd({ directory })
  herd.lead({ fresh: true })
  made = []
  sent = 0
  fallback = new FallbackDirectory(herd, { logOnce: () => {} }, made, () => {})
  stores = [1, 2].map(worker => new Store({ storage: 'mmap', directory, worker }))
  locations = stores.map(
    store => new StoreLocation({ store, directory, storage: undefined, missingReason: undefined, onMove: () => {} }),
  )
  for (const [i, location] of locations.entries()) {
    const worker = {
      number: i + 1,
      storeIn: (path: string) => {
        sent++
        location.moveTo(path)
      },
    }
    location.watch(reason => fallback.report(worker, reason))
  }
  for (const store of stores) count(store, 10)
  await herd.retireExited()
  expect(await total()).toBe(20)
})

afterEach(async () => {
  fallback.stop()
  for (const store of stores) store.close()
  await herd.close()
  for (const path of made) removeQuietly(path)
  rmSync(directory, { recursive: true, force: true })
})

function count(store: Store, amount: number): void {
  const { slot } = store.family(COUNTED).place([])!
  store.family(COUNTED).storage.values[slot]! += amount
}

async function total(): Promise<number | undefined> {
  const { families } = await herd.snapshot()
  return families.find(({ name }) => name === 'm_total')?.values.get(0)
}

function storesIn(path: string): number[] {
  return readdirSync(path)
    .map(name => /^(\d)-.*\.values$/.exec(name)?.[1])
    .filter(worker => worker !== undefined)
    .map(Number)
    .sort()
}

/** Resolves when the stores of all workers have files. */
function allHaveFiles(): Promise<void> {
  return vi.waitFor(() => expect(fallback.whyIncomplete).toBeUndefined(), { timeout: 10_000, interval: 5 })
}

test('workers that notice before the leader that the directory was removed write their stores again once it exists', async () => {
  rmSync(directory, { recursive: true })
  for (const location of locations) location.check()
  expect(fallback.whyIncomplete).toMatch(/^2 workers are missing from the metrics: /)
  await allHaveFiles()
  expect(storesIn(directory)).toEqual([1, 2])
  expect(made).toEqual([])
  for (const store of stores) count(store, 5)
  expect(await total()).toBe(30)
  expect(herd.problem).toBeUndefined()
})

test('workers whose directory cannot be created again write to another place, and are sent each place once', async () => {
  rmSync(directory, { recursive: true })
  mkdirSync(directory)
  chmodSync(directory, 0o777)
  for (const location of locations) location.check()
  await allHaveFiles()
  expect(made).toHaveLength(1)
  expect(storesIn(made[0]!)).toEqual([1, 2])
  expect(sent).toBe(4)
  for (const store of stores) count(store, 5)
  expect(await total()).toBe(30)
})

test('a worker does not write to its directory again if another herd has begun there', async () => {
  rmSync(directory, { recursive: true })
  mkdirSync(directory, { mode: 0o700 })
  const other = new Herd({ directory })
  other.lead({ fresh: true })
  for (const location of locations) location.check()
  await allHaveFiles()
  expect(storesIn(directory)).toEqual([])
  expect(made).toHaveLength(1)
  expect(storesIn(made[0]!)).toEqual([1, 2])
  expect(await total()).toBe(20)
  await other.close()
})

test('no directory is created after the stop, even for a worker that has reported before', async () => {
  rmSync(directory, { recursive: true })
  mkdirSync(directory)
  chmodSync(directory, 0o777)
  for (const location of locations) location.check()
  fallback.stop()
  // Runs after what the reports have queued.
  await herd.retireExited()
  expect([sent, made]).toEqual([0, []])
})
