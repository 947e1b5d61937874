import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Instruments } from '../instruments/instruments.ts'
import { Merger } from '../snapshot/merge/merge.ts'
import type { Family } from '../snapshot/snapshot.ts'
import { runSync } from '../snapshot/task.ts'
import { Store } from '../store/store.ts'
import { listStores } from './directory/directory.ts'
import { Herd } from './herd.ts'
import { StoreReader } from './reading/reader.ts'
import { Retired } from './retiring/retire.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const JOBS = { name: 'jobs_total', help: 'Jobs.', labels: ['kind'] } as const

function merge(merger: Merger, reader: StoreReader): Family[] {
  merger.begin()
  runSync(merger.add(reader))
  return runSync(merger.finish()).families
}

/** What a reader makes of a store, whose numbers it takes before `between` and whose names after. */
function lookAround(reader: StoreReader, merger: Merger, between: () => void = () => {}): Record<string, number> {
  runSync(reader.read())
  between()
  const jobs = merge(merger, reader).find(({ name }) => name === 'jobs_total')
  return Object.fromEntries((jobs?.labels ?? []).map(([kind], i) => [kind, jobs!.values.get(i)]))
}

test.each(['mmap', 'file'] as const)(
  'a slot of the %s storage that is reused between reading numbers and names belongs to no series',
  storage => {
    const store = new Store({ storage, directory, worker: 1 })
    const jobs = new Instruments(store).counter(JOBS)
    const change = (from: string, to: string, by: number): void => {
      jobs.remove(from)
      jobs.labels(to).inc(by)
    }
    jobs.labels('a').inc(100)
    store.flush()
    const reader = StoreReader.open(directory, listStores(directory)[0]!)
    const merger = new Merger()
    expect(lookAround(reader, merger)).toEqual({ a: 100 })
    expect(lookAround(reader, merger, () => change('a', 'b', 1))).toEqual({})
    store.flush()
    expect(lookAround(reader, merger)).toEqual({ b: 1 })
    const twice = (): void => {
      change('b', 'c', 2)
      change('c', 'd', 3)
    }
    expect(lookAround(reader, merger, twice)).toEqual({})
    store.flush()
    expect(lookAround(reader, merger)).toEqual({ d: 3 })
    expect(lookAround(reader, merger, () => change('d', 'd', 4))).toEqual({})
    store.flush()
    expect(lookAround(reader, merger)).toEqual({ d: 4 })
    reader.close()
    store.close()
  },
)

test('the totals of a killed store contain no number of a removed series', async () => {
  const store = new Store({ storage: 'file', directory, worker: 1 })
  const jobs = new Instruments(store).counter(JOBS)
  jobs.labels('kept').inc(1)
  jobs.labels('removed').inc(10)
  jobs.labels('replaced').inc(100)
  store.flush()
  jobs.remove('removed')
  jobs.remove('replaced')
  // Not flushed: where its numbers would be there still is what `replaced` had.
  jobs.labels('late').inc(1000)
  expect(runSync(new Retired(directory).retire(listStores(directory)))).toBe(1)
  const herd = new Herd({ directory })
  const { families } = await herd.snapshot()
  await herd.close()
  const { labels, values } = families.find(({ name }) => name === 'jobs_total')!
  expect([labels, [...values]]).toEqual([[['kept']], [1]])
})

test('series that come and go use no memory in their readers', async () => {
  const store = new Store({ storage: 'mmap', directory, worker: 1 })
  const jobs = new Instruments(store).counter(JOBS)
  const reader = StoreReader.open(directory, listStores(directory)[0]!)
  const merger = new Merger()
  for (let i = 0; i < 5000; i++) {
    jobs.labels(`job ${i}`).inc()
    if (i % 50 === 0) expect(lookAround(reader, merger)).toEqual({ [`job ${i}`]: 1 })
    jobs.remove(`job ${i}`)
  }
  jobs.labels('last').inc()
  lookAround(reader, merger)
  const { values } = merge(merger, reader).find(({ name }) => name === 'jobs_total')!
  // As many numbers as the most series that there ever were at once, the overflow series among them.
  expect(values.pages.map(page => page.buffer.byteLength / 8)).toEqual([expect.toSatisfy(room => room <= 4)])
  reader.close()
  store.close()
})

test('a series that begins with zero between reading numbers and names is in the next scan', () => {
  const store = new Store({ storage: 'mmap', directory, worker: 1 })
  const jobs = new Instruments(store).counter(JOBS)
  const reader = StoreReader.open(directory, listStores(directory)[0]!)
  const merger = new Merger()
  // Far from the header, where something is new at every look.
  for (let i = 0; i < 200; i++) jobs.labels(String(i))
  lookAround(reader, merger)
  expect(lookAround(reader, merger, () => jobs.labels('late'))).not.toHaveProperty('late')
  expect(lookAround(reader, merger)).toHaveProperty('late', 0)
  store.close()
  reader.close()
})
