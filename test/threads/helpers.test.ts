import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Herd } from '@promherd/core'
import { expect, onTestFinished, test } from 'vitest'
import { get, type Running, startReady as startCluster, until } from '../cluster/running.ts'
import { startListening, startThreads } from './running.ts'

/** Threads that a program starts itself: they count into the worker that they work for, and are none beside it. */

const WITH_HELPERS = fileURLToPath(new URL('./fixtures/with-helpers.mjs', import.meta.url))

test('a thread of a worker process counts, and has none of the metrics that describe its process', async () => {
  const running = await startCluster({ options: { workers: 2 }, env: { ENTRY: WITH_HELPERS } })
  for (let i = 0; i < 20; i++) expect((await get(running.appUrl())).body).toBe('done')
  await running.sees('test_jobs_total', 20)
  const labels = ['1', '2'].map(worker => `{worker="${worker}"}`)
  // A worker counts a request when its response has closed, which the client does not wait for.
  for (const label of labels) await running.sees(`promherd_worker_requests_total${label}`, 10)
  const samples = await running.scrape()
  // The primary, two workers, and a thread of each.
  expect(samples.value('promherd_stores{state="live"}')).toBe(5)
  expect(samples.value('promherd_workers{state="running"}')).toBe(2)
  const started = labels.map(label => samples.value(`promherd_worker_start_time_seconds${label}`))
  await get(running.appUrl('/end'))
  await running.sees('promherd_stores{state="live"}', 4)
  const after = await running.sees('test_jobs_total', 20)
  for (const [i, label] of labels.entries()) {
    expect(after.value(`promherd_worker_start_time_seconds${label}`)).toBe(started[i])
    // Counted once for each process: a thread that had counted it too would have left it in the retired totals.
    const seconds = after.value(`promherd_worker_cpu_seconds_total${label}`)!
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(cpuSecondsOf((await running.pidOf(i + 1))!) + TICK_SECONDS)
  }
  expect(running.stderr).toBe('')
})

/** The CPU time of a running process, by the kernel's account, which counts in ticks. */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS
}

const TICK_SECONDS = 0.01

test('a thread that another thread has started has the number of that thread', async () => {
  const running = await startListening({ env: { ENTRY: './with-helpers.mjs' } })
  for (let i = 0; i < 10; i++) expect((await get(running.appUrl())).body).toBe('done')
  const samples = await running.sees('test_jobs_total', 10)
  expect(samples.value('promherd_stores{state="live"}')).toBe(5)
  expect(samples.value('promherd_workers{state="running"}')).toBe(2)
  expect(samples.value('promherd_worker_cpu_seconds_total{worker="1"}')).toBe(undefined)
  await until('all requests to be counted', async () => {
    const now = await running.scrape()
    const requests = ['1', '2'].map(worker => now.value(`promherd_worker_requests_total{worker="${worker}"}`) ?? 0)
    return requests[0]! + requests[1]! === 10
  })
})

test('threads of a process without an assigned number have its number, and are retired when they are terminated', async () => {
  const { running, herd } = lone({})
  expect(await running.said('up')).toBe(1)
  for (let round = 1; round <= 3; round++) {
    expect(await running.call('start')).toBe(1)
    await running.call('work')
    expect(await shown(herd)).toEqual({ jobs: 2 * round, workers: ['1'], cpu: ['1'], live: 2, members: 1 })
    await running.call('terminate')
    expect(await shown(herd)).toEqual({ jobs: 2 * round, workers: ['1'], cpu: ['1'], live: 1, members: 1 })
  }
})

test('threads of a process without a store have different numbers, which are reused', async () => {
  const { running, herd } = lone({ MAIN_COUNTS: 'no' })
  await running.said('up')
  expect([await running.call('start'), await running.call('start')]).toEqual([1, 2])
  expect(await shown(herd)).toEqual({ jobs: 2, workers: ['1', '2'], cpu: [], live: 2, members: 2 })
  await running.call('terminate')
  expect(await shown(herd)).toEqual({ jobs: 2, workers: ['1'], cpu: [], live: 1, members: 1 })
  expect(await running.call('start')).toBe(2)
})

function lone(env: Readonly<Record<string, string>>): { running: Running; herd: Herd } {
  const directory = mkdtempSync(join(tmpdir(), 'threads-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const running = startThreads({ program: 'lone.mjs', env: { ...env, PROMETHEUS_MULTIPROC_DIR: directory } })
  const herd = new Herd({ directory })
  onTestFinished(() => herd.close())
  return { running, herd }
}

/** The snapshot of a reader in another process, which retires the stores of exited threads if it is the leader. */
async function shown(herd: Herd): Promise<unknown> {
  herd.lead({ resume: true })
  await herd.retireExited()
  const { families } = await herd.snapshot()
  const named = (name: string) => families.find(family => family.name === name)
  const workersOf = (name: string): string[] => {
    const family = named(name)
    return (family?.labels ?? []).map(labels => labels[family!.labelNames.indexOf('worker')]!).sort()
  }
  return {
    jobs: named('test_jobs_total')?.values.get(0),
    workers: workersOf('promherd_worker_info'),
    cpu: workersOf('promherd_worker_cpu_seconds_total'),
    live: named('promherd_stores')?.values.get(0),
    members: herd.members.length,
  }
}
