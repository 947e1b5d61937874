import { createMonitor, serveHerd } from '@promherd/core'
import fc from 'fast-check'
import client from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import { readOpenMetricsWithPython, readUnitsWithPython } from '../support/python.ts'
import { temporaryDirectory } from '../support/resources.ts'
import { needs } from '../support/skip.ts'
import { closeAfterTest } from './monitors.ts'
import { keyOf, samplesIn } from './samples.ts'

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '"', '\\', '\n', '\r', '\\n', ',', '="', '}', '{', ' # {', '# EOF', 'é😀', '__proto__', '+Inf'),
)
const amount = fc.oneof(fc.double({ min: 0, max: 1e12, noNaN: true }), fc.constantFrom(1e-7, 1e21, 1e300))

/** The herd of one process on its own port, with a prom-client metric of each kind. */
async function herdOnPort(...more: client.Registry[]) {
  const directory = temporaryDirectory()
  const plain = new client.Registry()
  // The only kind of registry in which prom-client supports exemplars.
  const openMetrics = new client.Registry()
  openMetrics.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE as never)
  const common = { help: 'Help "me" \\ now.', labelNames: ['a'], registers: [plain] }
  const marked = { ...common, enableExemplars: true, registers: [openMetrics] }
  const metrics = {
    counter: new client.Counter({ ...marked, name: 'c_total' }),
    odd: new client.Counter({ ...common, name: 'odd' }),
    gauge: new client.Gauge({ ...common, name: 'g' }),
    histogram: new client.Histogram({ ...marked, name: 'h', buckets: [1e-7, 1, 2.5, 1e3, 1e6] }),
    summary: new client.Summary({ ...common, name: 's', percentiles: [0, 0.5, 1] }),
  }
  const monitor = createMonitor({ directory: directory.path, worker: 1, promClient: [plain, openMetrics, ...more] })
  closeAfterTest(monitor)
  const server = serveHerd({ directory: directory.path, port: 0, host: '127.0.0.1' })
  const { url } = await server.listening
  const get = async (accept: string): Promise<Response> => fetch(`${url}/metrics`, { headers: { accept } })
  const end = async (): Promise<void> => {
    await server.close()
    await monitor.close()
    directory.remove()
  }
  return { ...metrics, monitor, get, end }
}

type HerdOnPort = Awaited<ReturnType<typeof herdOnPort>>

function record({ counter, odd, gauge, histogram, summary }: HerdOnPort, a: string, value: number): void {
  const exemplarLabels = { trace: a.slice(0, 20), n: value.toFixed(2).slice(0, 20) }
  counter.inc({ labels: { a }, value, exemplarLabels })
  histogram.observe({ labels: { a }, value, exemplarLabels })
  odd.inc({ a }, value)
  gauge.set({ a }, -value)
  summary.observe({ a }, value)
}

function boundOf(text: string): string {
  return text === '+Inf' ? text : String(Number(text))
}

/** The user's samples of a text, those of OpenMetrics without their exemplars and with bounds as numbers. */
function numbersIn(text: string): [string, number][] {
  const plain = text.replace(/^([^#\n].*?) # \{(?:[^"}]|"(?:[^"\\]|\\.)*")*\} \S+ \S+$/gms, '$1')
  const bounds = plain.replace(/\b(le|quantile)="([^"]+)"/g, (_, name, bound) => `${name}="${boundOf(bound)}"`)
  return [...samplesIn(bounds)].filter(([key]) => /^\["(c_total|odd|g|h|s)\b|^\["[hs]_(bucket|sum|count)"/.test(key))
}

test('both formats have the same series and numbers for any recordings', async () => {
  const recording = fc.record({ a: hostile, value: amount })
  const herd = await herdOnPort()
  onTestFinished(herd.end)
  await fc.assert(
    fc.asyncProperty(fc.array(recording, { maxLength: 8 }), async all => {
      for (const { a, value } of all) record(herd, a, value)
      await herd.monitor.collect()
      const [text, openMetrics] = await Promise.all(
        ['*/*', OPENMETRICS].map(async accept => (await herd.get(accept)).text()),
      )
      expect(openMetrics!.endsWith('\n# EOF\n')).toBe(true)
      expect(numbersIn(openMetrics!)).toEqual(numbersIn(text!))
      expect(text).not.toContain('trace=')
    }),
    { numRuns: 20 },
  )
})

test("Python's client reads every sample and exemplar correctly", async context => {
  needs(context, 'prometheus-client')
  const herd = await herdOnPort()
  onTestFinished(herd.end)
  // No closing brace: this parser ends the labels of an exemplar at a brace in a label value.
  const all = ['plain', '"', '\\', '\n', '\r', ' # {', 'é😀', '']
  for (const [i, a] of all.entries()) record(herd, a, (i + 1) * 0.75)
  await herd.monitor.collect()
  const response = await herd.get(OPENMETRICS)
  expect(response.headers.get('content-type')).toBe(OPENMETRICS)
  expect(response.headers.get('vary')).toBe('Accept, Accept-Encoding')
  const text = await response.text()
  const read = await readOpenMetricsWithPython(text)
  const users = read.filter(([name]) => /^([hs]_|c_total|odd|g$|s$)/.test(name))
  const ours = users.map(([name, labels, value]) => {
    const bounds = Object.entries(labels).map(([label, each]) => [
      label,
      label === 'le' || label === 'quantile' ? boundOf(each) : each,
    ])
    return [keyOf(name, Object.fromEntries(bounds)), value]
  })
  expect(ours.sort()).toEqual(numbersIn(await (await herd.get('*/*')).text()).sort())
  const marked = users.filter(([, , , exemplar]) => exemplar !== null)
  expect(marked.map(([name, { a }, , exemplar]) => [name, a, exemplar![0], exemplar![1]]).sort()).toEqual(
    all
      .flatMap((a, i) =>
        ['c_total', 'h_bucket'].map(name => [name, a, { trace: a, n: ((i + 1) * 0.75).toFixed(2) }, (i + 1) * 0.75]),
      )
      .sort(),
  )
})

test("Python's client reads the units of promherd's families and of the user's", async context => {
  needs(context, 'prometheus-client')
  const register = new client.Registry()
  const common = { help: 'Help.', registers: [register] }
  new client.Counter({ ...common, name: 'waited_seconds_total' }).inc(1)
  new client.Gauge({ ...common, name: 'full_ratio' }).set(0.5)
  new client.Histogram({ ...common, name: 'sent_bytes', buckets: [1] }).observe(2)
  new client.Summary({ ...common, name: 'read_bytes', percentiles: [0.5] }).observe(2)
  // A counter without its ending is `unknown` here, and has its unit nevertheless.
  new client.Counter({ ...common, name: 'slept_seconds' }).inc(1)
  new client.Gauge({ ...common, name: 'of_seconds_left' }).set(1)
  const herd = await herdOnPort(register)
  onTestFinished(herd.end)
  herd.monitor.http().record('GET', '/', 200, 0.5)
  await herd.monitor.collect()
  const units = await readUnitsWithPython(await (await herd.get(OPENMETRICS)).text())
  expect(units).toMatchObject({
    waited_seconds: 'seconds',
    full_ratio: 'ratio',
    sent_bytes: 'bytes',
    read_bytes: 'bytes',
    slept_seconds: 'seconds',
    http_request_duration_seconds: 'seconds',
  })
  for (const [name, unit] of Object.entries(units)) expect(name.endsWith(`_${unit}`), name).toBe(true)
  expect(await (await herd.get('*/*')).text()).not.toContain('# UNIT')
})

test('OpenMetrics is served only if it is preferred, also gzipped', async () => {
  const herd = await herdOnPort()
  onTestFinished(herd.end)
  const type = async (accept: string): Promise<string | null> => (await herd.get(accept)).headers.get('content-type')
  expect(await type('*/*')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(await type('application/openmetrics-text;q=0.2, text/plain;q=0.3')).toMatch(/^text\/plain/)
  const packed = await herd.get(OPENMETRICS)
  expect(packed.headers.get('content-encoding')).toBe('gzip')
  expect(await packed.text()).toMatch(/# TYPE promherd_build_info gauge\n.*\n# EOF\n$/s)
  expect(herd.monitor.contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
})
