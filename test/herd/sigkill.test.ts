import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Herd, type Snapshot } from '@promherd/core'
import { expect, test } from 'vitest'

/** Counts 50 at a time, and says how many it has counted and how many of them a flush has completed for. */
const WORKER = `
import { writeSync } from 'node:fs'
import { createMonitor } from '@promherd/core'
import { internalsOf } from '../packages/core/dist/monitor/internals.js'
const { store } = internalsOf(createMonitor())
const jobs = { name: 'jobs_total', type: 'counter', help: 'Jobs.', labels: ['kind'], buckets: [], aggregator: 'sum' }
const slot = store.family(jobs).slot(['a'])
let counted = 0
let flushed = 0
const flush = store.storage.flush.bind(store.storage)
store.storage.flush = () => { flush(); flushed = counted }
setInterval(() => {
  for (let i = 0; i < 50; i++) { store.storage.values[slot] += 1; counted++ }
  writeSync(1, counted + ' ' + flushed + '\\n')
}, 1)
`
const BATCH = 50
const KILLS = 5

for (const storage of ['mmap', 'file'] as const) {
  test(`${KILLS} kills of a worker on the ${storage} storage lose no more than they may, and no counter ever falls`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
    const herd = new Herd({ directory })
    herd.lead()
    const check = monotone()
    let least = 0
    let most = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const last = await countAndDie(directory, storage, async () => check(await herd.snapshot()))
      least += storage === 'mmap' ? last.counted : last.flushed
      most += last.counted + BATCH
      check(await herd.snapshot())
      await herd.retireExited()
      const total = check(await herd.snapshot())
      expect(total).toBeGreaterThanOrEqual(least)
      expect(total).toBeLessThanOrEqual(most)
    }
    expect(least).toBeGreaterThan(0)
    await herd.close()
    rmSync(directory, { recursive: true })
  })
}

async function countAndDie(directory: string, storage: string, look: () => Promise<unknown>) {
  const env = { ...process.env, PROMETHEUS_MULTIPROC_DIR: directory, PROMHERD_WORKER: '1', PROMHERD_STORAGE: storage }
  const child = spawn(process.execPath, ['--input-type=module', '-e', WORKER], {
    cwd: new URL('..', import.meta.url),
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  const last = { counted: 0, flushed: 0 }
  let lines = 0
  for await (const line of createInterface(child.stdout)) {
    const [counted, flushed] = line.split(' ').map(Number)
    Object.assign(last, { counted, flushed })
    lines++
    if (lines % 40 === 0) await look()
    // Once a flush is over, so that the file storage has something to keep.
    if (lines >= 100 && (storage === 'mmap' || last.flushed > 0)) child.kill('SIGKILL')
  }
  const [, signal] = await closed
  expect(signal).toBe('SIGKILL')
  return last
}

/** Remembers the highest value of every series that may not fall; answers the total of the jobs. */
function monotone(): (snapshot: Snapshot) => number {
  const highest = new Map<string, number>()
  return ({ families }) => {
    const seen = new Set<string>()
    for (const { name, type, labels, values } of families) {
      if (type === 'gauge') continue
      labels.forEach((label, i) => {
        for (let k = 0; k < values.width; k++) {
          const key = JSON.stringify([name, label, k])
          seen.add(key)
          expect(values.get(i, k), key).toBeGreaterThanOrEqual(highest.get(key) ?? 0)
          highest.set(key, values.get(i, k))
        }
      })
    }
    expect([...highest.keys()].filter(key => !seen.has(key))).toEqual([])
    return families.find(({ name }) => name === 'jobs_total')?.values.get(0) ?? 0
  }
}
