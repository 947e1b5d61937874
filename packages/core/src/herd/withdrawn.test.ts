import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Definition } from '../definitions/definition.ts'
import { runSync } from '../snapshot/task.ts'
import type { StoreFamily } from '../store/family.ts'
import { HEADER } from '../store/header.ts'
import { Store } from '../store/store.ts'
import { listStores } from './directory/directory.ts'
import { Herd } from './herd.ts'
import { Retired } from './retiring/retire.ts'

let directory: string
let herd: Herd

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
  herd = new Herd({ directory })
})
afterEach(async () => {
  await herd.close()
  rmSync(directory, { recursive: true, force: true })
})

const PLAIN: Definition = { name: 'm', type: 'counter', help: 'M.', labels: [], buckets: [], aggregator: 'sum' }
const LABELLED: Definition = { ...PLAIN, labels: ['of'] }
const GAUGE: Definition = { ...PLAIN, type: 'gauge', labels: ['of'] }

function openStore(worker: number): Store {
  return new Store({ storage: 'mmap', directory, worker })
}

function set(family: StoreFamily, of: readonly string[], value: number): void {
  const { slot } = family.place(of)!
  family.storage.values[slot] = value
}

async function shown(): Promise<[type: string, Record<string, number>] | undefined> {
  const { families } = await herd.snapshot()
  const family = families.find(({ name }) => name === 'm')
  if (family === undefined) return undefined
  return [family.type, Object.fromEntries(family.labels.map((labels, i) => [labels.join(), family.values.get(i)]))]
}

async function conflicts(): Promise<number> {
  const { families } = await herd.snapshot()
  const errors = families.find(({ name }) => name === 'promherd_internal_errors_total')!
  return errors.values.get(errors.labels.findIndex(([cause]) => cause === 'family_conflict'))
}

test('a withdrawn family is removed with its series, and its name can be declared again, differently or the same', async () => {
  const store = openStore(1)
  const labelled = store.family(LABELLED)
  for (const of of ['a', 'b']) set(labelled, [of], 1)
  expect(await shown()).toEqual(['counter', { a: 1, b: 1 }])
  expect(store.withdraw(labelled)).toBe(true)
  expect(await shown()).toBeUndefined()
  const gauge = store.family(GAUGE)
  set(gauge, ['a'], -5)
  expect(await shown()).toEqual(['gauge', { a: -5 }])
  store.withdraw(gauge)
  const again = store.family(LABELLED)
  set(again, ['b'], 7)
  expect(await shown()).toEqual(['counter', { b: 7 }])
  expect(await conflicts()).toBe(0)
  store.close()
})

test('of two workers the later declaration is served, although its worker started first', async () => {
  const [first, second] = [openStore(1), openStore(2)]
  first.storage.values[HEADER.startedAt]! -= 2
  second.storage.values[HEADER.startedAt]! -= 1
  for (const store of [first, second]) set(store.family(PLAIN), [], 10)
  expect(await shown()).toEqual(['counter', { '': 20 }])
  first.withdraw(first.family(PLAIN))
  set(first.family(LABELLED), ['a'], 1)
  expect(await shown()).toEqual(['counter', { a: 1 }])
  expect(await conflicts()).toBe(1)
  second.withdraw(second.family(PLAIN))
  set(second.family(LABELLED), ['a'], 2)
  expect(await shown()).toEqual(['counter', { a: 3 }])
  expect(await conflicts()).toBe(1)
  for (const store of [first, second]) store.close()
})

test('the totals of exited processes contain nothing of it, and record which declaration was the last', async () => {
  const [old, store] = [openStore(1), openStore(2)]
  old.storage.values[HEADER.startedAt]! -= 1
  store.storage.values[HEADER.startedAt]! -= 2
  set(old.family(PLAIN), [], 10)
  set(store.family(LABELLED), ['gone'], 100)
  store.withdraw(store.family(LABELLED))
  store.family(PLAIN)
  store.withdraw(store.family(PLAIN))
  set(store.family(LABELLED), ['a'], 3)
  // What a reader sees of processes that were killed.
  for (const each of [old, store]) each.storage.values[HEADER.pid] = 2 ** 30
  expect(await shown()).toEqual(['counter', { a: 3 }])
  expect(runSync(new Retired(directory).retire(listStores(directory)))).toBe(2)
  expect(await shown()).toEqual(['counter', { a: 3 }])
  for (const each of [old, store]) each.close()
})
