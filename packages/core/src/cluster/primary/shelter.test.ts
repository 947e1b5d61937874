import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Definition } from '../../definitions/definition.ts'
import { Herd } from '../../herd/herd.ts'
import { removeQuietly } from '../../herd/start-herd.ts'
import { StoreLocation } from '../../monitor/store-location.ts'
import { Store } from '../../store/store.ts'
import { Shelter } from './shelter.ts'

/** A herd of two workers in one process: what a worker and its primary say to each other arrives at once. */

const COUNTED: Definition = { name: 'm_total', type: 'counter', help: 'M.', labels: [], buckets: [], aggregator: 'sum' }

let directory: string
let herd: Herd
let shelter: Shelter
let homes: StoreLocation[]
let stores: Store[]
let made: string[]
/** How often a worker was told where to write. */
let told: number

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
  herd = new Herd({ directory })
  herd.lead({ fresh: true })
  made = []
  told = 0
  shelter = new Shelter(herd, { logOnce: () => {} }, made, () => {})
  stores = [1, 2].map(worker => new Store({ storage: 'mmap', directory, worker }))
  homes = stores.map(
    store => new StoreLocation({ store, directory, storage: undefined, missingReason: undefined, onMove: () => {} }),
  )
  for (const [i, home] of homes.entries()) {
    const worker = {
      slot: i + 1,
      storeIn: (path: string) => {
        told++
        home.moveTo(path)
      },
    }
    home.watch(lack => shelter.hear(worker, lack))
  }
  for (const store of stores) count(store, 10)
  await herd.retireExited()
  expect(await total()).toBe(20)
})

afterEach(async () => {
  shelter.stop()
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

/** Resolves when every worker has found room. */
function sheltered(): Promise<void> {
  return vi.waitFor(() => expect(shelter.whyIncomplete).toBeUndefined(), { timeout: 10_000, interval: 5 })
}

test('workers that see before the leader that the directory is gone move in again once it is there', async () => {
  rmSync(directory, { recursive: true })
  for (const home of homes) home.check()
  expect(shelter.whyIncomplete).toMatch(/^2 workers are missing from the metrics: /)
  await sheltered()
  expect(storesIn(directory)).toEqual([1, 2])
  expect(made).toEqual([])
  for (const store of stores) count(store, 5)
  expect(await total()).toBe(30)
  expect(herd.problem).toBeUndefined()
})

test('workers whose directory cannot be made anew write elsewhere, and are told of each place once', async () => {
  rmSync(directory, { recursive: true })
  mkdirSync(directory)
  chmodSync(directory, 0o777)
  for (const home of homes) home.check()
  await sheltered()
  expect(made).toHaveLength(1)
  expect(storesIn(made[0]!)).toEqual([1, 2])
  expect(told).toBe(4)
  for (const store of stores) count(store, 5)
  expect(await total()).toBe(30)
})

test('a worker that another herd keeps out of the directory is not sent back into it', async () => {
  rmSync(directory, { recursive: true })
  mkdirSync(directory, { mode: 0o700 })
  const other = new Herd({ directory })
  other.lead({ fresh: true })
  for (const home of homes) home.check()
  await sheltered()
  expect(storesIn(directory)).toEqual([])
  expect(made).toHaveLength(1)
  expect(storesIn(made[0]!)).toEqual([1, 2])
  expect(await total()).toBe(20)
  await other.close()
})

test('a shelter that is stopped creates no directory for a worker that has reported before', async () => {
  rmSync(directory, { recursive: true })
  mkdirSync(directory)
  chmodSync(directory, 0o777)
  for (const home of homes) home.check()
  shelter.stop()
  // Runs after what the reports have queued.
  await herd.retireExited()
  expect([told, made]).toEqual([0, []])
})
