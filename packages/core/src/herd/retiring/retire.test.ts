import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Definition } from '../../definitions/definition.ts'
import { FAMILIES } from '../../definitions/metrics.ts'
import { Numbers } from '../../snapshot/numbers.ts'
import { runSync } from '../../snapshot/task.ts'
import { Store } from '../../store/store.ts'
import { listStores } from '../directory/directory.ts'
import { Herd } from '../herd.ts'
import { Retired } from './retire.ts'

const JOBS: Definition = {
  name: 'jobs_total',
  type: 'counter',
  help: 'Jobs.',
  labels: ['kind'],
  buckets: [],
  aggregator: 'sum',
}
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function leave(count: number, definition: Definition = JOBS, startedAt?: number): Store {
  const store = new Store({ storage: 'file', directory, worker: 1 })
  const family = store.family(definition)
  const slot = family.slot(definition.labels.map(() => 'a'))
  store.storage.values[slot] = count
  if (startedAt !== undefined) store.storage.values[7] = startedAt
  store.close()
  return store
}

async function totalOf(name = 'jobs_total'): Promise<number> {
  const herd = new Herd({ directory })
  const { families } = await herd.snapshot()
  await herd.close()
  const values = families.find(family => family.name === name)?.values ?? []
  return [...values].reduce((sum, value) => sum + value, 0)
}

async function kindsOf(name: string): Promise<Map<string, number>> {
  const herd = new Herd({ directory })
  const { families } = await herd.snapshot()
  await herd.close()
  const family = families.find(family => family.name === name)!
  return new Map(family.labels.map(([kind], i) => [kind!, family.values.get(i)]))
}

test('a retired store counts exactly as it did before', async () => {
  leave(3)
  leave(4)
  expect(await totalOf()).toBe(7)
  expect(runSync(new Retired(directory).retire(listStores(directory)))).toBe(2)
  expect(await totalOf()).toBe(7)
  expect(readdirSync(directory).sort()).toEqual(['retired.catalog', 'retired.values'])
})

test.each([
  ['more than it has reported', 30, 27, 30],
  ['less than it has reported', 2, 0, 3],
])(
  'if the operating system has counted %s for a process, the greater CPU time is retired',
  async (_, sampled, added, total) => {
    const { name } = FAMILIES.workerCpu
    leave(3, FAMILIES.workerCpu)
    leave(4)
    const retired: [worker: number, addedCpu: number][] = []
    const cpu = {
      sampledCpu: () => sampled,
      retired: ({ worker }: { worker: number }, addedCpu: number) => void retired.push([worker, addedCpu]),
    }
    expect(runSync(new Retired(directory).retire(listStores(directory), undefined, cpu))).toBe(2)
    expect(retired.toSorted(([, a], [, b]) => b - a)).toEqual([
      [1, added],
      [1, 0],
    ])
    expect([await totalOf(name), await totalOf()]).toEqual([total, 4])
  },
)

test('a leader killed between commit and removal doubles nothing, however many commits follow', async () => {
  const store = leave(5)
  const files = [store.paths!.values, store.paths!.catalog]
  for (const file of files) copyFileSync(file, `${file}.kept`)
  runSync(new Retired(directory).retire(listStores(directory)))
  for (let total = 5; total < 9; total++) {
    for (const file of files) copyFileSync(`${file}.kept`, file)
    expect(await totalOf()).toBe(total)
    leave(1)
    runSync(new Retired(directory).retire(listStores(directory)))
  }
  expect(await totalOf()).toBe(9)
  expect(listStores(directory)).toEqual([])
})

test('a leader killed between names and commit leaves names that change no number', async () => {
  leave(5)
  writeFileSync(
    join(directory, 'retired.catalog'),
    `${JSON.stringify({ kind: 'family', index: 0, ...JOBS, name: 'other_total' })}\n{"kind":"fam`,
  )
  runSync(new Retired(directory).retire(listStores(directory)))
  expect(await totalOf()).toBe(5)
  expect(await totalOf('other_total')).toBe(0)
})

test('label sets without end are added up in one series, and no count is lost', async () => {
  const live = (kind: string): void => {
    const store = new Store({ storage: 'file', directory, worker: 1 })
    const family = store.family(JOBS)
    store.storage.values[family.slot([kind])] = 1
    store.close()
  }
  const retired = new Retired(directory, 1000)
  for (let i = 0; i < 60; i++) {
    live(`job ${i}`)
    runSync(retired.retire(listStores(directory)))
  }
  const { size } = statSync(join(directory, 'retired.catalog'))
  // The next leader of the herd continues where this one ends.
  const next = new Retired(directory, 1000)
  for (const kind of ['job 60', 'job 0']) {
    live(kind)
    runSync(next.retire(listStores(directory)))
  }
  expect(await totalOf()).toBe(62)
  const kinds = await kindsOf('jobs_total')
  expect(kinds.get('job 0')).toBe(2)
  expect(kinds.get('job 60')).toBeUndefined()
  expect(kinds.get('_overflow')).toBe(62 - 1 - (kinds.size - 1))
  expect(statSync(join(directory, 'retired.catalog')).size).toBe(size)
})

test('a torn name at the end of the totals shifts no later family', async () => {
  leave(5)
  runSync(new Retired(directory).retire(listStores(directory)))
  const torn = JSON.stringify({ kind: 'family', index: 1, sinceSlot: 90, ...JOBS, name: 'torn_total' })
  writeFileSync(join(directory, 'retired.catalog'), torn, { flag: 'a' })
  leave(2, { ...JOBS, name: 'tasks_total' })
  runSync(new Retired(directory).retire(listStores(directory)))
  expect([await totalOf(), await totalOf('tasks_total'), await totalOf('torn_total')]).toEqual([5, 2, 0])
})

test('totals that cannot be read are never overwritten', () => {
  leave(5)
  runSync(new Retired(directory).retire(listStores(directory)))
  writeFileSync(join(directory, 'retired.values'), 'damage')
  expect(() => new Retired(directory)).toThrow('the totals of exited processes cannot be read')
})

test('a store that cannot be read completely stays', () => {
  const store = leave(5)
  writeFileSync(store.paths!.values, 'short')
  expect(runSync(new Retired(directory).retire(listStores(directory)))).toBe(0)
  expect(listStores(directory)).toHaveLength(1)
})

test('of two leaders, the one with older totals changes nothing', async () => {
  const older = new Retired(directory)
  leave(5)
  runSync(new Retired(directory).retire(listStores(directory)))
  leave(2)
  expect(() => runSync(older.retire(listStores(directory)))).toThrow('another leader has written the totals')
  expect(await totalOf()).toBe(7)
  expect(runSync(older.retire(listStores(directory)))).toBe(1)
  expect(await totalOf()).toBe(7)
})

test('after all processes have exited the newest definition is still served, and the conflict is reported', async () => {
  const histogram: Definition = { ...JOBS, name: 'h', type: 'histogram', buckets: [1] }
  leave(5, histogram, 100)
  leave(7, { ...histogram, buckets: [2] }, 200)
  runSync(new Retired(directory).retire(listStores(directory)))
  const herd = new Herd({ directory })
  await herd.snapshot()
  const { families } = await herd.snapshot()
  await herd.close()
  expect(families.find(({ name }) => name === 'h')).toMatchObject({ buckets: [2], values: Numbers.from([7, 0, 0], 3) })
  const errors = families.find(({ name }) => name === 'promherd_internal_errors_total')!
  const at = errors.labels.findIndex(([cause]) => cause === 'family_conflict')
  expect(errors.values.get(at)).toBe(1)
})

test('two hundred retired stores leave two files, no descriptors and no readers', async () => {
  const herd = new Herd({ directory })
  herd.lead()
  leave(1)
  await herd.retireExited()
  await herd.snapshot()
  const before = readdirSync('/proc/self/fd').length
  for (let i = 0; i < 199; i++) {
    leave(1)
    await herd.retireExited()
  }
  const { families } = await herd.snapshot()
  expect(families.find(({ name }) => name === 'jobs_total')?.values).toEqual(Numbers.from([200]))
  expect(readdirSync('/proc/self/fd').length).toBe(before)
  expect(readdirSync(directory).sort()).toEqual(['leader.1', 'retired.catalog', 'retired.values'])
  await herd.close()
  expect(readdirSync(directory).sort()).toEqual(['retired.catalog', 'retired.values'])
})

test('a retirement that stops after any step has changed nothing or is complete', async () => {
  for (const worker of [1, 2]) {
    const store = new Store({ storage: 'file', directory, worker })
    const family = store.family(JOBS)
    for (let i = 0; i < 300; i++) store.storage.values[family.slot([`job ${i}`])] = worker
    store.close()
  }
  const steps = new Retired(directory).retire(listStores(directory))
  const stagesSeen = new Set<string>()
  let taken = 0
  let isDone = false
  while (!isDone) {
    const kinds = await kindsOf('jobs_total')
    expect([...kinds.values()]).toEqual(Array(300).fill(3))
    const files = readdirSync(directory)
    stagesSeen.add(`${listStores(directory).length} stores${files.includes('retired.values') ? ', committed' : ''}`)
    isDone = steps.next().done === true
    taken++
  }
  expect([...stagesSeen]).toEqual(['2 stores', '2 stores, committed', '1 stores, committed', '0 stores, committed'])
  expect(taken).toBeGreaterThan(20)
})

test.each([
  [FAMILIES.requestsInFlight, 3],
  [FAMILIES.serverActive, 3],
  [FAMILIES.streamsOpen, 3],
  [JOBS, undefined],
])('open requests of a retired store count as lost: $name', async (definition, lost) => {
  leave(3, definition)
  runSync(new Retired(directory).retire(listStores(directory)))
  const herd = new Herd({ directory })
  const { families } = await herd.snapshot()
  expect(families.find(({ name }) => name === FAMILIES.workerLostRequests.name)?.values.get(0)).toBe(lost)
  await herd.close()
})
