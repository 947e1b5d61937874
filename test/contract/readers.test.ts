import { createMonitor, type Monitor } from '@promherd/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runProcess } from '../support/process.ts'
import { readWithPython } from '../support/python.ts'
import { parseText } from '../support/samples.ts'
import { needs } from '../support/skip.ts'
import { until } from '../support/until.ts'
import { HARNESSES } from './harnesses/index.ts'
import { numberOf } from './reading.ts'
import { World } from './world.ts'

/** The metrics of every adapter in one monitor, read by other programs. */

/** Characters of a template that must be escaped. */
const AWKWARD = '/a"b\\c\nd {é} 🐑'

/** The requests and the statuses of their responses. */
const ASKED = { '/items/1': 200, '/nothing': 204, '/teapot': 418, '/api/v1/broken': 500, '/secret/1': 404 }

let monitor: Monitor
let text: string

beforeAll(async () => {
  monitor = createMonitor({ storage: 'memory', onWarning: () => {} })
  for (const harness of HARNESSES) {
    const world = new World(harness)
    const url = await world.start({ monitor, normalizeRoute: route => (route === '/nothing' ? AWKWARD : route) })
    for (const path of Object.keys(ASKED)) await world.ask(url + path)
    await until(async () => (await numberOf(monitor, 'http_requests_in_flight')) === 0, { what: 'all to have ended' })
    await world.end()
  }
  text = await monitor.metrics()
})

afterAll(() => monitor.close())

test('promtool accepts the metrics of every adapter', async context => {
  needs(context, 'promtool')
  expect(await runProcess('promtool', ['check', 'metrics'], { input: text })).toEqual({
    code: 0,
    signal: null,
    output: '',
  })
})

test("Python's client reads the metrics of every adapter with the same values", async context => {
  needs(context, 'prometheus-client')
  const samples = await readWithPython(text)
  expect(samples).toEqual(parseText(text).map(({ name, labels, value }) => [name, labels, value]))
  const totals: Record<string, number> = {}
  for (const [name, labels, value] of samples) {
    if (name !== 'http_requests_total') continue
    const status = labels['status_code']!
    totals[status] = (totals[status] ?? 0) + value
  }
  const each = HARNESSES.length
  expect(totals).toEqual({ 200: each, 204: each, 404: each, 418: each, 500: each })
  const routed = HARNESSES.filter(({ instead }) => instead === undefined).length
  const awkward = { method: 'GET', route: AWKWARD, status_code: '204' }
  expect(samples).toContainEqual(['http_requests_total', awkward, routed])
  expect(samples).toContainEqual(['http_request_duration_seconds_count', awkward, routed])
  expect(samples).toContainEqual(['http_request_duration_seconds_bucket', { ...awkward, le: '+Inf' }, routed])
})
