import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMonitor, Herd } from '@promherd/core'
import client from 'prom-client'
import { expect, onTestFinished, test, vi } from 'vitest'
import { until } from '../support/until.ts'

/** What is copied while nothing reads numbers in the process itself, as another process sees it. */

interface Stage {
  readonly register: client.Registry
  /** The numbers of a family by label values. */
  readonly shown: (name: string) => Promise<Record<string, number>>
  /** Waits until a counter of its own shows that metrics were looked at once more. */
  readonly looked: () => Promise<void>
  readonly collect: () => Promise<void>
}

function stage(): Stage {
  const directory = mkdtempSync(join(tmpdir(), 'promherd-looks-'))
  const register = new client.Registry()
  const monitor = createMonitor({ directory, promClient: [register] })
  const herd = new Herd({ directory })
  onTestFinished(async () => {
    await herd.close()
    await monitor.close()
    rmSync(directory, { recursive: true })
  })
  const shown = async (name: string): Promise<Record<string, number>> => {
    const { families } = await herd.snapshot()
    const family = families.find(each => each.name === name)
    return Object.fromEntries((family?.labels ?? []).map((labels, i) => [labels.join(), family!.values.get(i)]))
  }
  const looks = new client.Counter({ name: 'looks_total', help: 'Looks.', registers: [register] })
  let count = 0
  const looked = async (): Promise<void> => {
    looks.inc()
    count++
    await until(async () => (await shown('looks_total'))[''] === count, { what: `look ${count}` })
  }
  return { register, shown, looked, collect: () => monitor.collect() }
}

test('a collect() that resets its metric and then waits is never seen half done', async () => {
  const { register, shown, looked, collect } = stage()
  let value = 1
  let gate: Promise<void> | undefined
  const collected = (metric: { reset(): void }, write: () => void) => async (): Promise<void> => {
    metric.reset()
    await gate
    write()
  }
  const common = { help: 'Help.', registers: [register] }
  const gauge: client.Gauge = new client.Gauge({ ...common, name: 'g' })
  const counter: client.Counter = new client.Counter({ ...common, name: 'c_total' })
  Object.assign(gauge, { collect: collected(gauge, () => gauge.set(value)) })
  Object.assign(counter, { collect: collected(counter, () => counter.inc(value)) })
  await collect()
  expect([await shown('g'), await shown('c_total')]).toEqual([{ '': 1 }, { '': 1 }])

  let open: () => void = () => {}
  gate = new Promise(resolve => {
    open = resolve
  })
  value = 2
  const collecting = collect()
  await looked()
  expect([await shown('g'), await shown('c_total')]).toEqual([{ '': 1 }, { '': 1 }])
  open()
  await collecting
  expect([await shown('g'), await shown('c_total')]).toEqual([{ '': 2 }, { '': 2 }])
})

test('a metric that collects is sampled soon after it was made, and not with each look', async () => {
  const { register, shown, looked } = stage()
  await looked()
  let samples = 0
  const collect = (): void => void samples++
  new client.Gauge({ name: 'g', help: 'G.', registers: [register], collect }).set(7)
  await until(async () => (await shown('g'))[''] === 7, { what: 'the first sample' })
  const before = samples
  for (let i = 0; i < 5; i++) await looked()
  expect(before).toBe(1)
  // Five looks take half a second, and the next sample may have been due.
  expect(samples).toBeLessThanOrEqual(2)
})

test('what is reset, removed, replaced and counted again between looks is as if it were read each time', async () => {
  const { register, shown, looked } = stage()
  const labelled = { help: 'Help.', labelNames: ['of'] as const, registers: [register] }
  const counter = new client.Counter({ ...labelled, name: 'c_total' })
  const gauge = new client.Gauge({ ...labelled, name: 'g' })
  for (const of of ['x', 'y', 'z']) {
    counter.inc({ of }, 5)
    gauge.set({ of }, 5)
  }
  await looked()
  counter.remove({ of: 'x' })
  gauge.remove({ of: 'x' })
  counter.inc({ of: 'z' })
  gauge.set({ of: 'z' }, 1)
  await looked()
  expect(await shown('c_total')).toEqual({ x: 5, y: 5, z: 6 })
  expect(await shown('g')).toEqual({ y: 5, z: 1 })
  counter.inc({ of: 'x' }, 2)
  counter.inc({ of: 'y' }, 1)
  await looked()
  counter.reset()
  gauge.reset()
  await looked()
  counter.inc({ of: 'y' }, 1)
  gauge.set({ of: 'x' }, 9)
  await looked()
  expect(await shown('c_total')).toEqual({ x: 7, y: 7, z: 6 })
  expect(await shown('g')).toEqual({ x: 9 })
  register.removeSingleMetric('c_total')
  register.removeSingleMetric('g')
  await looked()
  new client.Counter({ ...labelled, name: 'c_total' }).inc({ of: 'z' }, 4)
  await looked()
  expect(await shown('c_total')).toEqual({ x: 7, y: 7, z: 10 })
  expect(await shown('g')).toEqual({})
})

test('a label set that the program writes its next labels into stays the series that it was', async () => {
  const { register, shown, looked } = stage()
  const counter = new client.Counter({ name: 'c_total', help: 'C.', labelNames: ['of'], registers: [register] })
  const labels = { of: 'x' }
  counter.inc(labels, 3)
  await looked()
  labels.of = 'y'
  await looked()
  expect(await shown('c_total')).toEqual({ x: 3 })
})

test('sums and counts of summaries are copied without their quantiles being worked out', async () => {
  const { register, shown, looked } = stage()
  const summary = new client.Summary({ name: 's', help: 'S.', percentiles: [0.5], registers: [register] })
  summary.observe(4)
  await looked()
  const work = vi.spyOn(Object.getPrototypeOf((summary as unknown as Kept).hashMap['']!.td), 'compress')
  onTestFinished(() => work.mockRestore())
  summary.observe(4)
  await looked()
  expect((await shown('s'))['']).toBe(8)
  expect(work).not.toHaveBeenCalled()
})

/** What prom-client keeps in a summary, as far as the test looks at it. */
interface Kept {
  readonly hashMap: Readonly<Record<string, { readonly td: { compress(): void } }>>
}
