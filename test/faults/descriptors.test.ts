import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createMonitor, Herd, type Monitor } from '@promherd/core'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { internalsOf } from '../../packages/core/dist/monitor/internals.js'
import { get, type Running, Samples, startProcess, startReady } from '../cluster/running.ts'

/** Processes that may have 64 files open: each scrape is answered, and no counter falls. */

const LIMITED = ['/bin/sh', '-c', 'ulimit -n 64 && exec "$0" "$@"']
const EXPORTER = fileURLToPath(new URL('./fixtures/limited-exporter.mjs', import.meta.url))
const WORKER = fileURLToPath(new URL('./fixtures/limited-worker.mjs', import.meta.url))
const SHORT = 'promherd_internal_errors_total{cause="descriptors"}'
const JOBS = { name: 'jobs_total', type: 'counter', help: 'Jobs.', labels: [], buckets: [], aggregator: 'sum' } as const

let directory: string
let stores: Counting[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-descriptors-'))
  stores = []
})
afterEach(async () => {
  for (const each of stores) await each.monitor.close()
  rmSync(directory, { recursive: true, force: true })
})

class Counting {
  readonly monitor: Monitor
  readonly #slot: number

  constructor(worker: number) {
    this.monitor = createMonitor({ directory, worker, storage: 'file' })
    this.#slot = internalsOf(this.monitor).store.family(JOBS).slot([])
    stores.push(this)
  }

  count(): void {
    internalsOf(this.monitor).store.storage.values[this.#slot]! += 1
    internalsOf(this.monitor).store.flush()
  }
}

function limited(program: string): Running {
  return startProcess({ program, through: LIMITED, env: { HERD_DIRECTORY: directory } })
}

async function startExporter(): Promise<Running> {
  const running = limited(EXPORTER)
  await running.said('metrics')
  return running
}

async function jobsIn(running: Running): Promise<number | undefined> {
  const { status, body } = await get(running.metricsUrl())
  expect(status).toBe(200)
  return new Samples(body).value('jobs_total')
}

/** Opens connections that send nothing. Those that the server closes stay in the list. */
async function holdIdle(url: string, count: number): Promise<void> {
  const { hostname, port } = new URL(url)
  const sockets: Socket[] = []
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  for (let i = 0; i < count; i++) {
    const socket = connect(Number(port), hostname)
    sockets.push(socket)
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    socket.on('error', () => {})
  }
}

/** Requests on one connection, so that the server needs no descriptor for another. */
function keptAlive(): (url: string) => Promise<string> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  return url =>
    new Promise((resolve, reject) => {
      const sent = request(url, { agent }, async response => {
        let body = ''
        for await (const piece of response.setEncoding('utf8')) body += piece
        resolve(body)
      })
      sent.on('error', reject).end()
    })
}

describe('an exporter of 30 stores', () => {
  beforeEach(() => {
    for (let worker = 1; worker <= 30; worker++) new Counting(worker)
  })

  test('serves all of them while 40 connections are idle, and reports that it has too few descriptors', async () => {
    const running = await startExporter()
    let counted = 0
    for (let i = 0; i < 10; i++) {
      if (i === 5) await holdIdle(running.metricsUrl(), 40)
      for (const each of stores) each.count()
      counted += 30
      expect(await jobsIn(running)).toBe(counted)
    }
    const samples = await running.scrape()
    expect(samples.value('promherd_stores{state="live"}')).toBe(30)
    expect(samples.value(SHORT)).toBe(1)
    expect(running.stderr.match(/ulimit -n/g)).toHaveLength(1)
    expect((await get(running.metricsUrl('/-/ready'))).status).toBe(200)
  })

  test('loses no count of stores that are retired, and keeps files open again when there are few', async () => {
    const running = await startExporter()
    for (const each of stores) each.count()
    expect(await jobsIn(running)).toBe(30)
    for (const { monitor } of stores.slice(2)) await monitor.close()
    const samples = await running.sees('promherd_stores{state="live"}', 2)
    expect(samples.value('jobs_total')).toBe(30)
    await running.sees('promherd_stores{state="retired"}', 28)
    expect(await jobsIn(running)).toBe(30)
    // Files that are held open can be read though they have no name.
    for (const name of readdirSync(directory).filter(each => /^[12]-/.test(each))) rmSync(join(directory, name))
    for (const each of stores.slice(0, 2)) each.count()
    expect(await jobsIn(running)).toBe(32)
  })

  test('serves the numbers that were read last and counts a failure for each scrape without any descriptor', async () => {
    const running = await startExporter()
    const scrape = keptAlive()
    const look = async () => new Samples(await scrape(running.metricsUrl()))
    for (const each of stores) each.count()
    expect((await look()).value('jobs_total')).toBe(30)
    expect(await running.call('takeAll')).toBeGreaterThan(0)
    for (const each of stores) each.count()
    const short = await look()
    const shorter = await look()
    expect(short.value('jobs_total')).toBeGreaterThanOrEqual(30)
    expect(shorter.value('jobs_total')).toBe(short.value('jobs_total'))
    expect(shorter.value(SHORT)).toBe(short.value(SHORT)! + 1)
    expect(shorter.value('promherd_internal_errors_total{cause="retire"}')).toBeGreaterThan(0)
    await running.call('giveBack')
    expect((await look()).value('jobs_total')).toBe(60)
  })
})

test('an exporter without any descriptor counts each failure of maintenance, and leaves another leader its lock', async () => {
  const leader = new Herd({ directory })
  leader.lead()
  new Counting(1).count()
  const running = await startExporter()
  const scrape = keptAlive()
  const upkeepFailures = async () =>
    new Samples(await scrape(running.metricsUrl())).value('promherd_internal_errors_total{cause="maintenance"}') ?? 0
  expect(await upkeepFailures()).toBe(0)
  await running.call('takeAll')
  const first = await upkeepFailures()
  expect(first).toBeGreaterThan(0)
  expect(await upkeepFailures()).toBeGreaterThan(first)
  await running.call('giveBack')
  expect(await jobsIn(running)).toBe(1)
  expect(leader.isLeader).toBe(true)
  expect(readdirSync(directory).filter(name => name.startsWith('leader.'))).toEqual(['leader.1'])
  await leader.close()
})

test('a primary counts each request of its workers while 60 connections are idle', async () => {
  const running = await startReady({ options: { workers: 4, metrics: { port: 0, directory } }, through: LIMITED })
  let sent = 0
  for (let i = 0; i < 5; i++) {
    if (i === 2) await holdIdle(running.metricsUrl(), 60)
    for (let j = 0; j < 10; j++) expect((await get(running.appUrl())).status).toBe(200)
    sent += 10
    await running.sees('test_total', sent)
  }
  await running.end()
})

test('a worker without a descriptor serves and counts, and has a store as soon as it has descriptors', async () => {
  const running = limited(WORKER)
  await running.said('app')
  const ask = keptAlive()
  expect(await ask(running.appUrl())).toBe('served')
  expect(running.stderr).toContain('EMFILE')
  expect(readdirSync(directory)).toEqual([])
  await running.call('giveBack')
  const exporter = await startExporter()
  await exporter.sees('requests_total', 1)
  expect(await running.call('takeAll')).toBeGreaterThan(0)
  for (let i = 0; i < 20; i++) expect(await ask(running.appUrl())).toBe('served')
  await exporter.sees('requests_total', 21)
  await running.end()
  await exporter.sees('promherd_stores{state="retired"}', 1)
  expect((await exporter.scrape()).value('requests_total')).toBe(21)
})
