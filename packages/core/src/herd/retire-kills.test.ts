import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Definition } from '../definitions/definition.ts'
import { Store } from '../store/store.ts'
import { listStores } from './directory/directory.ts'
import { Herd } from './herd.ts'
import { Retired } from './retiring/retire.ts'

/**
 * A leader that ends at a step of retiring: its generator is not continued. `test/faults/leader-kills.test.ts` kills real
 * processes.
 */

const JOBS: Definition = {
  name: 'jobs_total',
  type: 'counter',
  help: 'Jobs.',
  labels: ['kind'],
  buckets: [],
  aggregator: 'sum',
}
const TIMES = 20
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** A store whose worker still counts. */
class Writer {
  readonly store = new Store({ storage: 'mmap', directory, worker: 9 })
  readonly #slot = this.store.family(JOBS).slot(['living'])
  counted = 0

  count(): void {
    this.store.storage.values[this.#slot]! += 1
    this.counted++
  }
}

function leaveExited(worker: number): void {
  const store = new Store({ storage: 'file', directory, worker })
  for (const kind of ['a', `only ${worker}`]) store.storage.values[store.family(JOBS).slot([kind])] = worker
  store.close()
}

test('a leader that exits at any step loses and doubles nothing, no total falls, and the next leader leaves no files', async () => {
  const watcher = new Herd({ directory })
  const writer = new Writer()
  let exited = 0
  let least = 0
  async function look(): Promise<void> {
    writer.count()
    const { families } = await watcher.snapshot()
    const values = families.find(({ name }) => name === 'jobs_total')!.values
    const total = [...values].reduce((sum, value) => sum + value, 0)
    expect(total).toBe(exited + writer.counted)
    expect(total).toBeGreaterThanOrEqual(least)
    least = total
  }
  let steps = 0
  for (let time = 0; time < TIMES; time++) {
    for (let step = 0; ; step++) {
      for (const worker of [1, 2]) leaveExited(worker)
      exited += 6
      const leader = new Retired(directory)
      const retiring = leader.retire(listStores(directory).filter(({ worker }) => worker !== 9))
      let isDone = false
      for (let i = 0; i < step && !isDone; i++) isDone = retiring.next().done === true
      await look()
      leader.close()
      steps = Math.max(steps, step)
      if (isDone) break
      const next = new Herd({ directory })
      next.lead({ resume: true })
      await next.retireExited()
      await look()
      await next.close()
      expect(readdirSync(directory)).toHaveLength(4)
    }
  }
  // Adding, names, numbers, the moment before the commit, the moment after it, and each removal.
  expect(steps).toBeGreaterThanOrEqual(9)
  const next = new Herd({ directory })
  next.lead({ resume: true })
  await next.retireExited()
  await look()
  expect(listStores(directory)).toHaveLength(1)
  expect(readdirSync(directory)).toHaveLength(5)
  await next.close()
  await watcher.close()
  writer.store.close()
}, 120_000)

test('files that were retired and not removed are removed by the next leader, though nothing else is to be retired', async () => {
  for (let worker = 1; worker <= 5; worker++) leaveExited(worker)
  const retiring = new Retired(directory).retire(listStores(directory))
  while (!readdirSync(directory).includes('retired.values')) retiring.next()
  expect(listStores(directory)).toHaveLength(5)
  const next = new Herd({ directory })
  next.lead({ resume: true })
  await next.retireExited()
  expect(readdirSync(directory).sort()).toEqual(['leader.1', 'retired.catalog', 'retired.values'])
  await next.close()
})
