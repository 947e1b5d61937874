import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMonitor, Herd, type Monitor, type Snapshot } from '@promherd/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { internalsOf } from '../../packages/core/dist/monitor/internals.js'

/** Files that say more of themselves than their names can mean: how much of them is read. */

const MEBIBYTE = 2 ** 20
const LENGTH = 9
/** What a reader may read of forged files: their names, and 64 KiB of numbers. The rest is what else the process reads. */
const MOST_BYTES = 2 * MEBIBYTE
let directory: string
let good: Monitor
let herd: Herd

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
  good = createMonitor({ directory, worker: 1 })
  good.counter({ name: 'jobs_total', help: 'Jobs.' }).inc(5)
  internalsOf(good).store.flush()
  herd = new Herd({ directory })
})
afterEach(async () => {
  await herd.close()
  await good.close()
  rmSync(directory, { recursive: true })
})

/** Makes a file of values say that it has 2^24 numbers, and has them: 8 KiB in each MiB are no hole. */
function enlarge(path: string): void {
  const fd = openSync(path, 'r+')
  ftruncateSync(fd, 128 * MEBIBYTE)
  for (let i = 1; i < 128; i++) writeSync(fd, new Uint8Array(8192).fill(1), 0, 8192, i * MEBIBYTE)
  writeSync(fd, new Uint8Array(Float64Array.of(2 ** 24 - 1).buffer), 0, 8, 8 * LENGTH)
  closeSync(fd)
}

function forge(catalog: string): void {
  const header = new Float64Array(16)
  header.set([0x70726f6d, 1], 0)
  header[LENGTH] = 16
  writeFileSync(join(directory, '7-abc.values'), new Uint8Array(header.buffer))
  writeFileSync(join(directory, '7-abc.catalog'), catalog)
}

/** What a scrape of the herd gives, and costs. */
async function scrape(): Promise<{ jobs: number | undefined; states: Record<string, number>; bytes: number }> {
  const before = bytesRead()
  const snapshot = await herd.snapshot()
  const bytes = bytesRead() - before
  const { labels, values } = familyIn(snapshot, 'promherd_stores')!
  const states = Object.fromEntries(labels.map(([state], i) => [state, values.get(i)]))
  return { jobs: familyIn(snapshot, 'jobs_total')?.values.get(0), states, bytes }
}

function familyIn({ families }: Snapshot, name: string) {
  return families.find(family => family.name === name)
}

/** What this process has read with system calls. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))![1])
}

const FAMILY = JSON.stringify({
  kind: 'family',
  index: 0,
  name: 'far_total',
  type: 'counter',
  help: 'Far.',
  labels: [],
  buckets: [],
  aggregator: 'sum',
})

test.each([
  ['no names', ''],
  ['the name of its last number alone', `${FAMILY}\n${JSON.stringify({ s: 2 ** 24 - 2, f: 0, v: [] })}\n`],
  ['names that are none', 'x\n'.repeat(20_000)],
])('128 MiB of numbers and %s cost 64 KiB, and all others are served', async (_, catalog) => {
  forge(catalog)
  enlarge(join(directory, '7-abc.values'))
  const { jobs, states, bytes } = await scrape()
  expect(jobs).toBe(5)
  expect(states).toMatchObject({ live: 1, damaged: 1 })
  expect(bytes).toBeLessThan(MOST_BYTES)
})

test('a store with a damaged header serves the numbers that its names cover', async () => {
  const damaged = createMonitor({ directory, worker: 2, storage: 'file' })
  damaged.counter({ name: 'jobs_total', help: 'Jobs.' }).inc(7)
  internalsOf(damaged).store.flush()
  const { values } = internalsOf(damaged).store.paths!
  expect(await scrape()).toMatchObject({ jobs: 12, states: { live: 2, damaged: 0 } })
  // Its owner would write the header again.
  internalsOf(damaged).store.flush = () => {}
  enlarge(values)
  const { bytes, ...seen } = await scrape()
  expect(seen).toMatchObject({ jobs: 12, states: { live: 1, damaged: 1 } })
  expect(bytes).toBeLessThan(MOST_BYTES)
  await damaged.close()
})

test('reading a catalog of 60 MiB without a name stops after some lines', async () => {
  forge('x\n'.repeat(30 * MEBIBYTE))
  const { jobs, states, bytes } = await scrape()
  expect(jobs).toBe(5)
  expect(states).toMatchObject({ live: 1, damaged: 1 })
  expect(bytes).toBeLessThan(MOST_BYTES)
  expect((await scrape()).bytes).toBeLessThan(MOST_BYTES)
})

test('wide histograms with short names are read completely', async () => {
  const buckets = Array.from({ length: 1000 }, (_, i) => i)
  const wide = good.histogram({ name: 'wide', help: 'W.', buckets, labels: ['n'] })
  for (let i = 0; i < 200; i++) wide.labels(String(i)).observe(i)
  internalsOf(good).store.flush()
  const { states } = await scrape()
  expect(states).toMatchObject({ live: 1, damaged: 0 })
  const { values, labels } = familyIn(await herd.snapshot(), 'wide')!
  expect(labels.map(([n], i) => [n, values.of(i).at(-1)])).toEqual(labels.map(([n]) => [n, Number(n)]))
  expect(labels).toHaveLength(200)
})
