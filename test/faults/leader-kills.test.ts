import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMonitor, Herd, type Monitor } from '@promherd/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { internalsOf } from '../../packages/core/dist/monitor/internals.js'

/** Leaders in processes of their own, killed by SIGKILL after each step of retiring. */

const LEADER = new URL('./fixtures/retiring-leader.mjs', import.meta.url)
const JOBS = { name: 'jobs_total', type: 'counter', help: 'Jobs.', labels: [], buckets: [], aggregator: 'sum' } as const
const LIVING = 9
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-leader-kills-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function record(worker: number): { readonly monitor: Monitor; count(jobs: number): void } {
  const monitor = createMonitor({ directory, worker, storage: 'file' })
  const slot = internalsOf(monitor).store.family(JOBS).slot([])
  return {
    monitor,
    count(jobs) {
      internalsOf(monitor).store.storage.values[slot]! += jobs
      internalsOf(monitor).store.flush()
    },
  }
}

async function leaveExited(worker: number): Promise<void> {
  const { monitor, count } = record(worker)
  count(worker)
  await monitor.close()
}

/** Answers whether retiring was complete when the leader was killed. */
async function killLeaderAfter(steps: number): Promise<boolean> {
  const env = { ...process.env, HERD_DIRECTORY: directory, LIVING_WORKER: String(LIVING) }
  const leader = fork(LEADER, { env })
  leader.send(steps)
  const [{ isDone }] = await once(leader, 'message')
  leader.kill('SIGKILL')
  await once(leader, 'exit')
  return isDone
}

test('a leader that is killed after any step of retiring loses and doubles nothing, and the next leader leaves no files', async () => {
  const watcher = new Herd({ directory })
  const living = record(LIVING)
  let counted = 0
  async function look(): Promise<void> {
    living.count(1)
    counted++
    const { families } = await watcher.snapshot()
    expect([...families.find(({ name }) => name === 'jobs_total')!.values]).toEqual([counted])
  }
  // The first step twice: without totals, and with those that are there from then on.
  let step = 1
  for (let time = 0; ; time++) {
    step = Math.max(1, time)
    for (const worker of [1, 2]) await leaveExited(worker)
    counted += 3
    await look()
    const isDone = await killLeaderAfter(step)
    await look()
    const next = new Herd({ directory })
    expect(next.lead({ resume: true })).toBeUndefined()
    await next.retireExited()
    await look()
    await next.close()
    expect(
      readdirSync(directory)
        .filter(name => !name.startsWith(`${LIVING}-`))
        .sort(),
    ).toEqual(['retired.catalog', 'retired.values'])
    if (isDone) break
  }
  expect(step).toBeGreaterThanOrEqual(8)
  await watcher.close()
  await living.monitor.close()
}, 120_000)
