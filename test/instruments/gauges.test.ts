import { createMonitor, Herd, type Monitor } from '@promherd/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { internalsOf } from '../../packages/core/dist/monitor/internals.js'
import { temporaryDirectory } from '../support/resources.ts'

/** How gauges of several workers become one, while they live and once one of them is dead. */

/** Where a store says which process owns it, and a pid that no process has. */
const PID_SLOT = 4
const NO_PROCESS = 2 ** 30

let directory: ReturnType<typeof temporaryDirectory>
let herd: Herd
let workers: Monitor[]

beforeEach(() => {
  directory = temporaryDirectory()
  herd = new Herd({ directory: directory.path })
  herd.lead()
  workers = [1, 2, 3].map(worker => createMonitor({ directory: directory.path, worker, promClient: false }))
})
afterEach(async () => {
  for (const monitor of workers) await monitor.close()
  await herd.close()
  directory.remove()
})

async function shown(): Promise<Record<string, number>> {
  for (const monitor of workers) await monitor.collect()
  const { families } = await herd.snapshot()
  const family = families.find(({ name }) => name === 'level')
  return Object.fromEntries((family?.labels ?? []).map((labels, i) => [labels.join(), family!.values.get(i)]))
}

/** What a reader sees of a process that was killed: an owner that is not there, and no last word. */
function kill(worker: number): void {
  internalsOf(workers[worker - 1]!).store.storage.values[PID_SLOT] = NO_PROCESS
}

/** Set by the workers 1, 3 and 2, in this order: 8, -4 and 2 at `a`, and by the workers 1 and 2 3 and 0 at `b`. */
const MODES = {
  sum: { all: { a: 6, b: 3 }, without2: { a: 4, b: 3 }, only3: { a: -4 } },
  max: { all: { a: 8, b: 3 }, without2: { a: 8, b: 3 }, only3: { a: -4 } },
  min: { all: { a: -4, b: 0 }, without2: { a: -4, b: 3 }, only3: { a: -4 } },
  average: { all: { a: 2, b: 1.5 }, without2: { a: 2, b: 3 }, only3: { a: -4 } },
  first: { all: { a: 8, b: 3 }, without2: { a: 8, b: 3 }, only3: { a: -4 } },
  latest: { all: { a: 2, b: 0 }, without2: { a: -4, b: 3 }, only3: { a: -4 } },
  worker: {
    all: { 'a,1': 8, 'a,2': 2, 'a,3': -4, 'b,1': 3, 'b,2': 0 },
    without2: { 'a,1': 8, 'a,3': -4, 'b,1': 3 },
    only3: { 'a,3': -4 },
  },
} as const

describe.each(Object.keys(MODES) as (keyof typeof MODES)[])('a gauge with the aggregator %s', aggregator => {
  test('is exact over three workers, and after each exit, before and after exited workers are retired', async () => {
    const gauges = workers.map(monitor => monitor.gauge({ name: 'level', help: 'L.', labels: ['of'], aggregator }))
    expect(await shown()).toEqual({})
    for (const [worker, a, b] of [
      [1, 8, 3],
      [3, -4, undefined],
      [2, 2, 0],
    ] as const) {
      await tick()
      gauges[worker - 1]!.labels('a').set(a)
      if (b !== undefined) gauges[worker - 1]!.labels('b').set(b)
    }
    const { all, without2, only3 } = MODES[aggregator]
    expect(await shown()).toEqual(all)
    kill(2)
    expect(await shown()).toEqual(without2)
    await herd.retireExited()
    expect(await shown()).toEqual(without2)
    // An orderly end is an end, too.
    await workers[0]!.close()
    expect(await shown()).toEqual(only3)
    await herd.retireExited()
    expect(await shown()).toEqual(only3)
    gauges[2]!.remove('a')
    expect(await shown()).toEqual({})
  })
})

/** Waits until the clock that `latest` goes by shows another time than any at which something was set before. */
async function tick(): Promise<void> {
  const now = Date.now()
  while (Date.now() <= now) await new Promise(resolve => setImmediate(resolve))
}
