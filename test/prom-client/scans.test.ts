import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMonitor, Herd } from '@promherd/core'
import client from 'prom-client'
import { expect, onTestFinished, test, vi } from 'vitest'
import { until } from '../support/until.ts'

/** What scans copy while the process itself reads no metrics, as another process reads it. */

interface Scanned {
  readonly register: client.Registry
  /** The numbers of a family by label values. */
  readonly shown: (name: string) => Promise<Record<string, number>>
  /** Waits for the next scan, which copies a counter that is only for this. */
  readonly nextScan: () => Promise<void>
  readonly collect: () => Promise<void>
}

function scanned(): Scanned {
  const directory = mkdtempSync(join(tmpdir(), 'promherd-scans-'))
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
  const scans = new client.Counter({ name: 'scans_total', help: 'Scans.', registers: [register] })
  let count = 0
  const nextScan = async (): Promise<void> => {
    scans.inc()
    count++
    await until(async () => (await shown('scans_total'))[''] === count, { what: `scan ${count}` })
  }
  return { register, shown, nextScan, collect: () => monitor.collect() }
}

test('a metric is not read while its collect() waits after a reset', async () => {
  const { register, shown, nextScan, collect } = scanned()
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
  await nextScan()
  expect([await shown('g'), await shown('c_total')]).toEqual([{ '': 1 }, { '': 1 }])
  open()
  await collecting
  expect([await shown('g'), await shown('c_total')]).toEqual([{ '': 2 }, { '': 2 }])
})

test('a metric with a collect() is sampled soon after it was created, and not in each scan', async () => {
  const { register, shown, nextScan } = scanned()
  await nextScan()
  let samples = 0
  const collect = (): void => void samples++
  new client.Gauge({ name: 'g', help: 'G.', registers: [register], collect }).set(7)
  await until(async () => (await shown('g'))[''] === 7, { what: 'the first sample' })
  const before = samples
  for (let i = 0; i < 5; i++) await nextScan()
  expect(before).toBe(1)
  // Five scans take half a second, and the next sample may have been due.
  expect(samples).toBeLessThanOrEqual(2)
})

test('resets, removals, replacements and later counts are copied by scans as by reads', async () => {
  const { register, shown, nextScan } = scanned()
  const labelled = { help: 'Help.', labelNames: ['of'] as const, registers: [register] }
  const counter = new client.Counter({ ...labelled, name: 'c_total' })
  const gauge = new client.Gauge({ ...labelled, name: 'g' })
  for (const of of ['x', 'y', 'z']) {
    counter.inc({ of }, 5)
    gauge.set({ of }, 5)
  }
  await nextScan()
  counter.remove({ of: 'x' })
  gauge.remove({ of: 'x' })
  counter.inc({ of: 'z' })
  gauge.set({ of: 'z' }, 1)
  await nextScan()
  expect(await shown('c_total')).toEqual({ x: 5, y: 5, z: 6 })
  expect(await shown('g')).toEqual({ y: 5, z: 1 })
  counter.inc({ of: 'x' }, 2)
  counter.inc({ of: 'y' }, 1)
  await nextScan()
  counter.reset()
  gauge.reset()
  await nextScan()
  counter.inc({ of: 'y' }, 1)
  gauge.set({ of: 'x' }, 9)
  await nextScan()
  expect(await shown('c_total')).toEqual({ x: 7, y: 7, z: 6 })
  expect(await shown('g')).toEqual({ x: 9 })
  register.removeSingleMetric('c_total')
  register.removeSingleMetric('g')
  await nextScan()
  new client.Counter({ ...labelled, name: 'c_total' }).inc({ of: 'z' }, 4)
  await nextScan()
  expect(await shown('c_total')).toEqual({ x: 7, y: 7, z: 10 })
  expect(await shown('g')).toEqual({})
})

test('a label object that the program modifies later keeps its series', async () => {
  const { register, shown, nextScan } = scanned()
  const counter = new client.Counter({ name: 'c_total', help: 'C.', labelNames: ['of'], registers: [register] })
  const labels = { of: 'x' }
  counter.inc(labels, 3)
  await nextScan()
  labels.of = 'y'
  await nextScan()
  expect(await shown('c_total')).toEqual({ x: 3 })
})

test('sums and counts of summaries are copied without computing quantiles', async () => {
  const { register, shown, nextScan } = scanned()
  const summary = new client.Summary({ name: 's', help: 'S.', percentiles: [0.5], registers: [register] })
  summary.observe(4)
  await nextScan()
  const work = vi.spyOn(Object.getPrototypeOf((summary as unknown as SummaryFields).hashMap['']!.td), 'compress')
  onTestFinished(() => work.mockRestore())
  summary.observe(4)
  await nextScan()
  expect((await shown('s'))['']).toBe(8)
  expect(work).not.toHaveBeenCalled()
})

/** The fields of a summary that the test reads. */
interface SummaryFields {
  readonly hashMap: Readonly<Record<string, { readonly td: { compress(): void } }>>
}
