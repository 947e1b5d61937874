import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Herd } from '@promherd/core'
import { afterAll, beforeAll, expect, test } from 'vitest'

const directory = mkdtempSync(join(tmpdir(), 'promherd-prom-client-'))
const workers: ChildProcess[] = []
let herd: Herd

beforeAll(async () => {
  for (let n = 1; n <= 4; n++) {
    const env = { ...process.env, PROMHERD_WORKER: String(n), PROMETHEUS_MULTIPROC_DIR: directory }
    workers.push(fork(new URL('./worker.mjs', import.meta.url), { env }))
  }
  await Promise.all(workers.map(worker => once(worker, 'message')))
  herd = new Herd({ directory })
})

afterAll(async () => {
  await herd.close()
  await Promise.all(
    workers.map(async worker => {
      if (worker.exitCode !== null || worker.signalCode !== null) return
      worker.kill('SIGKILL')
      await once(worker, 'exit')
    }),
  )
  rmSync(directory, { recursive: true })
})

/** Every number of a family, by its label values. */
async function numbersOf(name: string): Promise<Record<string, readonly number[]>> {
  const { families } = await herd.snapshot()
  const family = families.find(each => each.name === name)
  const entries = (family?.labels ?? []).map((labels, i) => {
    const { type, values } = family!
    // A gauge has a second number where combining herds needs one.
    return [labels.join(), type === 'gauge' ? [values.get(i)] : [...values.of(i)]] as const
  })
  return Object.fromEntries(entries)
}

async function sendAll(message: string): Promise<void> {
  await Promise.all(
    workers.map(async worker => {
      worker.send(message)
      await once(worker, 'message')
    }),
  )
}

test('counters of four workers add up', async () => {
  expect(await numbersOf('orders_total')).toEqual({ a: [100] })
})

test('gauges are aggregated by their aggregator, and those with `omit` are served for each worker', async () => {
  expect(await numbersOf('level_sum')).toEqual({ x: [10] })
  expect(await numbersOf('level_max')).toEqual({ x: [4] })
  expect(await numbersOf('level_min')).toEqual({ x: [1] })
  expect(await numbersOf('level_average')).toEqual({ x: [2.5] })
  expect(await numbersOf('level_omit')).toEqual({ 'x,1': [1], 'x,2': [2], 'x,3': [3], 'x,4': [4] })
  const first = (await numbersOf('level_first'))['x']?.[0]
  expect([1, 2, 3, 4]).toContain(first)
})

test('the version of Node is one series with the value 1 for all workers', async () => {
  const [major, minor, patch] = process.versions.node.split('.')
  expect(await numbersOf('nodejs_version_info')).toEqual({ [`${process.version},${major},${minor},${patch}`]: [1] })
})

test('each process has its own start time, and CPU seconds add up', async () => {
  expect(Object.keys(await numbersOf('process_start_time_seconds')).sort()).toEqual(['1', '2', '3', '4'])
  const cpu = (await numbersOf('process_cpu_seconds_total'))['']![0]!
  expect(cpu).toBeGreaterThan(0)
})

test('the buckets of histograms add up', async () => {
  // Not cumulative: 0.5 four times and 1, then 2, then 3, then 4 beyond; the sum is 4 * 0.5 + 10.
  expect(await numbersOf('work_seconds')).toEqual({ '': [5, 1, 1, 1, 12] })
})

test('sums and counts of summaries add up, quantiles are never added', async () => {
  expect(await numbersOf('size_bytes')).toEqual({ '': [1000, 4] })
  const { families } = await herd.snapshot()
  const { quantiles } = families.find(each => each.name === 'size_bytes')!
  expect(quantiles?.labelNames).toEqual(['quantile', 'worker'])
  const seen = Object.fromEntries(quantiles!.labels.map((labels, i) => [labels.join(), quantiles!.values.get(i)]))
  expect(seen).toEqual({ '0.5,1': 100, '0.5,2': 200, '0.5,3': 300, '0.5,4': 400 })
})

test('a gauge that a worker removed no longer counts, one that all removed is omitted, and a later metric is served', async () => {
  expect(await numbersOf('removed')).toEqual({ some: [10], all: [10] })
  await sendAll('remove')
  expect(await numbersOf('removed')).toEqual({ some: [6] })
  expect(await numbersOf('late_total')).toEqual({ '': [10] })
})

test('a gauge with the aggregator `first` has the value of the worker that has been running longest', async () => {
  const started = Object.entries(await numbersOf('promherd_worker_start_time_seconds'))
  const oldest = started.sort(([a, [at]], [b, [other]]) => at! - other! || Number(a) - Number(b))[0]![0]
  for (const n of [2, 1, 3, 4]) {
    workers[n - 1]!.send(`first ${n * 100}`)
    await once(workers[n - 1]!, 'message')
  }
  expect(await numbersOf('level_first')).toEqual({ x: [Number(oldest) * 100] })
})

test('the counters of the herd do not decrease when one worker resets its own', async () => {
  workers[0]!.send('reset')
  await once(workers[0]!, 'message')
  expect(await numbersOf('orders_total')).toEqual({ a: [107] })
  expect(await numbersOf('work_seconds')).toEqual({ '': [6, 1, 1, 1, 12.25] })
  expect(await numbersOf('size_bytes')).toEqual({ '': [1007, 5] })
})

test('the counts of a killed worker stay, and its gauges are omitted', async () => {
  const worker = workers[3]!
  worker.kill('SIGKILL')
  await once(worker, 'exit')
  expect(await numbersOf('orders_total')).toEqual({ a: [107] })
  expect(await numbersOf('work_seconds')).toEqual({ '': [6, 1, 1, 1, 12.25] })
  expect(await numbersOf('size_bytes')).toEqual({ '': [1007, 5] })
  const { families } = await herd.snapshot()
  const { quantiles } = families.find(each => each.name === 'size_bytes')!
  expect(quantiles?.labels.map(String).sort()).toEqual(['0.5,1', '0.5,2', '0.5,3'])
  expect(await numbersOf('level_sum')).toEqual({ x: [6] })
  expect(await numbersOf('level_max')).toEqual({ x: [3] })
})
