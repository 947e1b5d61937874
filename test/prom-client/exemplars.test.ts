import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMonitor, Herd, type Monitor, serveHerd } from '@promherd/core'
import type { PromRegistry } from '@promherd/core/prom-client'
import client from 'prom-client'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { internalsOf } from '../../packages/core/dist/monitor/internals.js'
import { temporaryDirectory } from '../support/resources.ts'
import { closeAfterTest, errorCount } from './monitors.ts'

let directory: string

beforeEach(() => {
  const temporary = temporaryDirectory()
  directory = temporary.path
  onTestFinished(() => temporary.remove())
})

interface Given {
  readonly of?: string
  readonly value?: number
  readonly labelSet?: unknown
  readonly timestamp?: unknown
}

/** The only kind of registry in which prom-client supports exemplars. */
function openMetricsRegistry(): PromRegistry & client.Registry {
  const register = new client.Registry()
  register.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE as never)
  return register
}

/** A registry with one counter whose series have these exemplars; changes of `given` are read in the next round. */
function registryOf(given: Given[]): PromRegistry {
  const sampleOf = ({ of = 'a', value = 1, labelSet = { id: 'x' }, timestamp = 5 }: Given): object => ({
    labels: { of },
    value: 1,
    exemplar: { labelSet, value, timestamp },
  })
  const read = (): object => ({ name: 'c_total', help: 'C.', type: 'counter', values: given.map(sampleOf) })
  return { getMetricsAsJSON: async () => [read()] }
}

function workerOf(register: PromRegistry, worker = 1): Monitor {
  const monitor = createMonitor({ directory, worker, promClient: [register], onWarning: () => {} })
  closeAfterTest(monitor)
  return monitor
}

type Seen = [labels: string, value: number, timestamp: number]

/** The exemplars that another reader of the directory reads: labels, value and time by series and bucket. */
async function exemplarsSeen(): Promise<Record<string, Seen>> {
  const herd = new Herd({ directory })
  const { families } = await herd.snapshot()
  await herd.close()
  const seen: Record<string, Seen> = {}
  for (const { name, labels, exemplars } of families) {
    for (const [series, own] of exemplars ?? []) {
      for (const [bucket, each] of own.entries()) {
        if (each === undefined) continue
        const text = each.labels.map(([label, value]) => `${label}=${value}`).join()
        seen[`${name} ${labels[series]} ${bucket}`] = [text, each.value, each.timestamp]
      }
    }
  }
  return seen
}

function exemplarFiles(): string[] {
  return readdirSync(directory).filter(name => name.includes('.exemplars'))
}

test('each bucket is served with the newest exemplar of all workers', async () => {
  const workers = [1, 2].map(worker => {
    const register = openMetricsRegistry()
    const common = { help: 'H.', labelNames: ['of'], enableExemplars: true, registers: [register] }
    const histogram = new client.Histogram({ ...common, name: 'h', buckets: [1, 2] })
    const counter = new client.Counter({ ...common, name: 'c_total' })
    return { histogram, counter, monitor: workerOf(register, worker) }
  })
  for (const [i, value] of [0.5, 1, 1.5, 9, 8].entries()) {
    const { histogram, counter } = workers[i % 2]!
    histogram.observe({ labels: { of: 'a' }, value, exemplarLabels: { id: `h${i}` } })
    counter.inc({ labels: { of: 'b' }, value, exemplarLabels: { id: `c${i}` } })
    // Exemplars have a time in milliseconds.
    const given = Date.now()
    while (Date.now() === given);
  }
  for (const { monitor } of workers) await monitor.collect()
  const seen = Object.entries(await exemplarsSeen()).map(([key, [labels, value]]) => [key, labels, value])
  expect(seen.sort()).toEqual([
    ['c_total b 0', 'id=c4', 8],
    ['h a 0', 'id=h1', 1],
    ['h a 1', 'id=h2', 1.5],
    ['h a 2', 'id=h4', 8],
  ])
})

test('without exemplars there is no file, and no data in memory', async () => {
  const register = openMetricsRegistry()
  const common = { help: 'H.', enableExemplars: true, registers: [register] }
  new client.Counter({ ...common, name: 'c_total' }).inc({ value: 1 })
  new client.Histogram({ ...common, name: 'h' }).observe({ value: 1, exemplarLabels: {} })
  const monitor = workerOf(register)
  await monitor.collect()
  expect(exemplarFiles()).toEqual([])
  expect(internalsOf(monitor).store.exemplars).toBeUndefined()
  const { families } = await monitor.snapshot()
  expect(families.filter(family => 'exemplars' in family)).toEqual([])
})

test('the file is replaced only if an exemplar is newer', async () => {
  const given: Given[] = [{ timestamp: 5 }]
  const monitor = workerOf(registryOf(given))
  const written: number[] = []
  for (const timestamp of [5, 5, 6, 4, 7]) {
    given[0] = { timestamp }
    await monitor.collect()
    const [name] = exemplarFiles()
    written.push(statSync(join(directory, name!)).ino)
    // A hard link to the previous file, so that the next one cannot get its inode number.
    execFileSync('cp', ['-l', join(directory, name!), join(directory, `previous-${written.length}`)])
  }
  const [first, second, third, fourth, fifth] = written
  expect([second, fourth]).toEqual([first, third])
  expect(new Set([first, third, fifth]).size).toBe(3)
  expect(await exemplarsSeen()).toEqual({ 'c_total a 0': ['id=x', 1, 7] })
})

test('a store has the newest thousand exemplars', async () => {
  const order = Array.from({ length: 1500 }, (_, i) => (i * 7) % 1500)
  const given = order.map(i => ({ of: `s${i}`, timestamp: i + 1 }))
  const monitor = workerOf(registryOf(given))
  for (let round = 0; round < 2; round++) {
    await monitor.collect()
    const seen = Object.values(await exemplarsSeen()).map(([, , timestamp]) => timestamp)
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 501))
  }
  given[order.indexOf(3)] = { of: 's3', timestamp: 2000 }
  await monitor.collect()
  const seen = await exemplarsSeen()
  expect(Object.keys(seen)).toHaveLength(1000)
  expect(seen['c_total s3 0']).toEqual(['id=x', 1, 2000])
  expect(seen['c_total s500 0']).toBeUndefined()
})

test('the file does not exceed its maximum size with long label values', async () => {
  const given = Array.from({ length: 30 }, (_, i) => ({ of: `${i}`.padEnd(100_000, 'é'), timestamp: i + 1 }))
  await workerOf(registryOf(given)).collect()
  const [name] = exemplarFiles()
  expect(statSync(join(directory, name!)).size).toBeLessThan(2 ** 20)
  const times = Object.values(await exemplarsSeen()).map(([, , timestamp]) => timestamp)
  expect(times).toEqual([26, 27, 28, 29, 30])
})

test('an exemplar that OpenMetrics does not allow is omitted and reported once; the previous one stays', async () => {
  const given: Given[] = [{ labelSet: { id: 'x'.repeat(126) } }]
  const monitor = workerOf(registryOf(given))
  const before = await (async () => {
    await monitor.collect()
    return errorCount(monitor)
  })()
  expect(before).toBe(0)
  const bad: Given[] = [
    { labelSet: { id: 'x'.repeat(127) } },
    { labelSet: { id: '😀'.repeat(127) } },
    { labelSet: { 'not a name': 'x' } },
    { labelSet: { id: { toString: () => Promise.reject } } },
    { labelSet: { id: Object.create(null) } },
    { labelSet: null },
    { value: Number.NaN },
    { value: Number.POSITIVE_INFINITY },
  ]
  for (const [i, each] of bad.entries()) {
    given[0] = { ...each, timestamp: 10 + i }
    await monitor.collect()
    await monitor.collect()
    expect(await errorCount(monitor)).toBe(i + 1)
  }
  expect(await exemplarsSeen()).toEqual({ 'c_total a 0': [`id=${'x'.repeat(126)}`, 1, 5] })
  for (const timestamp of [undefined, Number.NaN, 'late', 3]) {
    given[0] = { timestamp }
    await monitor.collect()
  }
  given[0] = { labelSet: { id: '😀'.repeat(126) }, timestamp: 100 }
  await monitor.collect()
  expect(await exemplarsSeen()).toEqual({ 'c_total a 0': [`id=${'😀'.repeat(126)}`, 1, 100] })
  expect(await errorCount(monitor)).toBe(bad.length)
})

test('the exemplars of an exited worker are removed, and old files when the next herd starts', async () => {
  const herd = new Herd({ directory })
  onTestFinished(() => herd.close())
  herd.lead()
  const monitor = workerOf(registryOf([{}]))
  await monitor.collect()
  expect(exemplarFiles()).toHaveLength(1)
  await monitor.close()
  await monitor.collect()
  await herd.retireExited()
  expect(exemplarFiles()).toEqual([])
  const { families } = await herd.snapshot()
  const counter = families.find(({ name }) => name === 'c_total')
  expect([counter?.values.get(0), counter?.exemplars]).toEqual([1, undefined])
  for (const name of ['7-zz.exemplars', '7-zz.exemplars.draft']) writeFileSync(join(directory, name), '')
  writeFileSync(join(directory, 'my.exemplars'), '')
  await herd.close()
  new Herd({ directory }).lead({ fresh: true })
  expect(exemplarFiles()).toEqual(['my.exemplars'])
})

test('a damaged or replaced file loses only its unreadable exemplars, and no numbers', async () => {
  const monitor = workerOf(registryOf([{}]))
  await monitor.collect()
  const path = join(directory, exemplarFiles()[0]!)
  const good = readFileSync(path, 'utf8')
  const server = serveHerd({ directory, port: 0, host: '127.0.0.1' })
  onTestFinished(() => server.close())
  const { url } = await server.listening
  const served = async (): Promise<string[]> => {
    const response = await fetch(`${url}/metrics`, { headers: { accept: 'application/openmetrics-text' } })
    const text = await response.text()
    return text.split('\n').filter(line => line.startsWith('c_total') || line.startsWith('# EOF'))
  }
  const plain = ['c_total{of="a"} 1', '# EOF']
  const marked = ['c_total{of="a"} 1 # {id="x"} 1 5', '# EOF']
  expect(await served()).toEqual(marked)
  const line = (...parts: unknown[]): string => `${JSON.stringify(parts)}\n`
  const bad = [
    line('c_total', ['a'], [['id', 'x']], '1', 5),
    line('c_total', ['a'], [['id', 'x']], 1, 1e300),
    line('c_total', ['a'], [['id', 'x']], null, 5),
    line('c_total', ['a'], [['i"d\n', 'x']], 1, 5),
    line(
      'c_total',
      ['a'],
      [
        ['id', 'x'],
        ['id', 'y'],
      ],
      1,
      5,
    ),
    line('c_total', ['a'], [['id', 'x'.repeat(200)]], 1, 5),
    line('c_total', ['a'], [['id']], 1, 5),
    line('c_total', ['b'], [['id', 'x']], 1, 5),
    line('c_total', [], [['id', 'x']], 1, 5),
    line('nowhere', ['a'], [['id', 'x']], 1, 5),
    line('promherd_series', [], [['id', 'x']], 1, 5),
    line('constructor', 'a', {}, [], {}),
    'null\n{}\n"x"\n[[[[\n\n',
  ].join('')
  const files: [string | Buffer, string[]][] = [
    ['', plain],
    [randomBytes(4096), plain],
    [bad, plain],
    [bad + good, marked],
    [good + good.slice(0, -8), marked],
    [good + 'x'.repeat(2 ** 20), plain],
    [bad.repeat(500), plain],
    [good, marked],
  ]
  for (const [content, expected] of files) {
    rmSync(path)
    writeFileSync(path, content)
    expect(await served()).toEqual(expected)
  }
  truncateSync(path, 2 ** 40)
  expect(await served()).toEqual(plain)
  const replace = async (make: () => void): Promise<string[]> => {
    rmSync(path, { recursive: true })
    make()
    return served()
  }
  expect(await replace(() => mkdirSync(path))).toEqual(plain)
  expect(await replace(() => execFileSync('mkfifo', [path]))).toEqual(plain)
  expect(await replace(() => {})).toEqual(plain)
})
