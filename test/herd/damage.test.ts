import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMonitor, Herd, type Snapshot } from '@promherd/core'
import { expect, test, vi } from 'vitest'
import { internalsOf } from '../../packages/core/dist/monitor/internals.js'

const JOBS = { name: 'jobs_total', type: 'counter', help: 'Jobs.', labels: [], buckets: [], aggregator: 'sum' } as const

function count(directory: string, worker: number, jobs: number) {
  const monitor = createMonitor({ directory, worker, storage: 'mmap' })
  const slot = internalsOf(monitor).store.family(JOBS).slot([])
  internalsOf(monitor).store.storage.values[slot] = jobs
  return monitor
}

function headerOf(parts: Record<number, number>): Buffer {
  const header = new Float64Array(16)
  for (const [slot, value] of Object.entries(parts)) header[Number(slot)] = value
  return Buffer.from(header.buffer)
}

function jobsOf({ families }: Snapshot): number | undefined {
  return families.find(({ name }) => name === 'jobs_total')?.values.get(0)
}

function storesOf({ families }: Snapshot): Record<string, number> {
  const { labels, values } = families.find(({ name }) => name === 'promherd_stores')!
  return Object.fromEntries(labels.map(([state], i) => [state, values.get(i)]))
}

test('with any foreign file in the directory, all other stores are counted, and so is the damage', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
  const good = count(directory, 1, 5)
  const magic = 0x70726f6d
  const values: Record<string, Buffer> = {
    '2-a': Buffer.alloc(0),
    '3-a': Buffer.from('short'),
    '4-a': headerOf({ 0: magic, 1: 1, 9: Number.NaN }),
    '5-a1': headerOf({ 0: magic, 1: 1, 9: 1e300 }),
    '6-a2': headerOf({ 0: magic, 1: 1, 9: -5 }),
    '7-a3': headerOf({ 0: magic, 1: 2, 9: 16 }),
    '8-a4': headerOf({ 0: magic, 1: 1, 9: 2 ** 40 }),
  }
  // Ids of their own, so that each is a store.
  let id = 0
  for (const [name, bytes] of Object.entries(values)) {
    const base = join(directory, `${name.split('-')[0]}-zz${id++}`)
    writeFileSync(`${base}.values`, bytes)
    writeFileSync(`${base}.catalog`, id === 1 ? randomBytes(4096) : '')
    // Says that it is huge, and is, without a byte behind it.
    if (name === '8-a4') truncateSync(`${base}.values`, 2 ** 36)
  }
  mkdirSync(join(directory, '9-dir.values'))
  mkdirSync(join(directory, '9-dir.catalog'))
  execFileSync('mkfifo', [join(directory, '10-pipe.values'), join(directory, '10-pipe.catalog')])
  writeFileSync(join(directory, 'foreign.txt'), 'not ours')
  writeFileSync(join(directory, '11-alone.values'), '')
  const herd = new Herd({ directory })
  const before = process.memoryUsage().rss
  const snapshot = await herd.snapshot()
  expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
  expect(jobsOf(snapshot)).toBe(5)
  expect(storesOf(snapshot)).toEqual({ live: 1, retired: 0, damaged: 9, unknown_version: 1 })
  await herd.close()
  await good.close()
  rmSync(directory, { recursive: true })
})

test('a store that is truncated while it is read keeps the numbers that it had', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
  const good = count(directory, 1, 5)
  const cut = createMonitor({ directory, worker: 2, storage: 'file' })
  const slot = internalsOf(cut).store.family(JOBS).slot([])
  internalsOf(cut).store.storage.values[slot] = 7
  internalsOf(cut).store.flush()
  const herd = new Herd({ directory })
  expect(jobsOf(await herd.snapshot())).toBe(12)
  // Its owner would write the file anew.
  vi.spyOn(internalsOf(cut).store, 'flush').mockImplementation(() => {})
  truncateSync(internalsOf(cut).store.paths!.values, 130)
  const snapshot = await herd.snapshot()
  expect(jobsOf(snapshot)).toBe(12)
  expect(storesOf(snapshot)).toMatchObject({ live: 1, damaged: 1 })
  await herd.close()
  await cut.close()
  await good.close()
  rmSync(directory, { recursive: true })
})

test('an incomplete last line is no damage, and an invalid line affects no other', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
  const monitor = count(directory, 1, 5)
  appendFileSync(internalsOf(monitor).store.paths!.catalog, '{"kind":"family","na')
  const herd = new Herd({ directory })
  expect(storesOf(await herd.snapshot())).toMatchObject({ live: 1, damaged: 0 })
  appendFileSync(internalsOf(monitor).store.paths!.catalog, 'garbage\n')
  const later = internalsOf(monitor)
    .store.family({ ...JOBS, name: 'later_total' })
    .slot([])
  internalsOf(monitor).store.storage.values[later] = 3
  const snapshot = await herd.snapshot()
  expect([...snapshot.families.find(({ name }) => name === 'later_total')!.values]).toEqual([3])
  expect(storesOf(snapshot)).toMatchObject({ live: 0, damaged: 1 })
  await herd.close()
  await monitor.close()
  rmSync(directory, { recursive: true })
})

test('a primary that starts removes files of exited processes, and keeps those of running ones', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
  await count(directory, 1, 5).close()
  const first = new Herd({ directory })
  first.lead()
  expect(jobsOf(await first.snapshot())).toBeUndefined()
  const living = count(directory, 1, 3)
  await count(directory, 2, 4).close()
  await first.retireExited()
  await first.close()
  const second = new Herd({ directory })
  second.lead()
  expect(jobsOf(await second.snapshot())).toBe(7)
  await second.close()
  await living.close()
  rmSync(directory, { recursive: true })
})
