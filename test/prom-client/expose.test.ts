import { createMonitor } from '@promherd/core'
import { exposeHerd } from '@promherd/core/prom-client'
import client from 'prom-client'
import { expect, test } from 'vitest'
import { keyOf, samplesIn } from './samples.ts'

/** Families that change with each scrape, so that two texts of different moments differ in them. */
const OF_THE_MOMENT = /promherd_series|scrape_duration|uptime|heartbeat|cpu|heap|resident|event_loop|gc_duration/

function lasting(samples: Map<string, number>): Record<string, number> {
  return Object.fromEntries([...samples].filter(([key]) => !OF_THE_MOMENT.test(key)))
}

test('a registry that exposes the herd serves its own metrics and those of the herd, each once', async () => {
  const register = new client.Registry()
  const counter = new client.Counter({ name: 'own_total', help: 'Own.', registers: [register] })
  counter.inc(3)
  const monitor = createMonitor({ promClient: [register] })
  const undo = exposeHerd(register, { monitor })
  // The second call reads what the first one has copied: no exposed metric may be copied back.
  await register.metrics()
  const through = samplesIn(await register.metrics())
  const direct = samplesIn(await monitor.metrics())
  expect(through.get(keyOf('own_total', {}))).toBe(3)
  expect(lasting(through)).toEqual(lasting(direct))
  expect(direct.get(keyOf('promherd_internal_errors_total', { cause: 'prom_client' }))).toBe(0)
  expect(through.has(keyOf('promherd_build_info', { version: '0.1.0' }))).toBe(true)
  undo()
  expect(samplesIn(await register.metrics())).toEqual(new Map([[keyOf('own_total', {}), 3]]))
  await monitor.close()
})

test('a registry serves the values of each type in text, JSON and OpenMetrics unchanged', async () => {
  const source = new client.Registry()
  const common = { help: 'Help.', labelNames: ['of'], registers: [source] }
  const of = 'a"b\\c\nd'
  new client.Counter({ ...common, name: 'c_total' }).inc({ of }, 2)
  new client.Gauge({ ...common, name: 'g' }).set({ of }, Number.NEGATIVE_INFINITY)
  const histogram = new client.Histogram({ ...common, name: 'h', buckets: [0.1, 1] })
  for (const value of [0.05, 0.5, 5]) histogram.observe({ of }, value)
  new client.Summary({ ...common, name: 's', percentiles: [0.5] }).observe({ of }, 7)
  const monitor = createMonitor({ promClient: [source] })
  const register = new client.Registry()
  exposeHerd(register, { monitor })
  const direct = lasting(samplesIn(await monitor.metrics()))
  expect(lasting(samplesIn(await register.metrics()))).toEqual(direct)
  const json = await register.getMetricsAsJSON()
  expect(json.find(({ name }) => name === 'c_total')?.values).toEqual([{ labels: { of }, value: 2 }])
  register.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE as never)
  expect(lasting(samplesIn(await register.metrics()))).toEqual(direct)
  expect(register.getMetricsAsArray().map(({ name }) => name)).toContain('c_total')
  register.setContentType(client.Registry.PROMETHEUS_CONTENT_TYPE)
  expect(lasting(samplesIn(await register.metrics()))).toEqual(direct)
  await monitor.close()
})

test('families that appear later, or after the registry was cleared, are exposed at once', async () => {
  const source = new client.Registry()
  const monitor = createMonitor({ promClient: [source] })
  const register = new client.Registry()
  exposeHerd(register, { monitor })
  expect(await register.metrics()).not.toContain('late_total')
  new client.Counter({ name: 'late_total', help: 'Late.', registers: [source] }).inc(6)
  expect(samplesIn(await register.metrics()).get(keyOf('late_total', {}))).toBe(6)
  register.clear()
  expect(samplesIn(await register.metrics()).get(keyOf('late_total', {}))).toBe(6)
  register.resetMetrics()
  expect(samplesIn(await register.metrics()).get(keyOf('late_total', {}))).toBe(6)
  expect(samplesIn(`${await register.getSingleMetricAsString('late_total')}\n`).get(keyOf('late_total', {}))).toBe(6)
  await monitor.close()
})

test('a rendering that overlaps another has the numbers of its own call', async () => {
  const source = new client.Registry()
  const counter = new client.Counter({ name: 'c_total', help: 'C.', registers: [source] })
  const monitor = createMonitor({ promClient: [source] })
  const register = new client.Registry()
  exposeHerd(register, { monitor })
  counter.inc(1)
  const first = register.metrics()
  counter.inc(1)
  const second = register.metrics()
  expect(samplesIn(await second).get(keyOf('c_total', {}))).toBe(2)
  await first
  await monitor.close()
})
