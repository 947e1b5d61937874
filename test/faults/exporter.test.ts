import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMonitor, Herd, type HerdServer, serveHerd } from '@promherd/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { internalsOf } from '../../packages/core/dist/monitor/internals.js'
import { scrape, sum } from '../support/samples.ts'

/** An exporter that ends, starts again, or is of another version, and what it reads. */

let directory: string
const warnings: string[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-exporter-'))
  warnings.length = 0
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const JOBS = { name: 'jobs_total', type: 'counter', help: 'Jobs.', labels: [], buckets: [], aggregator: 'sum' } as const

function leave(worker: number, jobs: number) {
  const monitor = createMonitor({ directory, worker, storage: 'file' })
  internalsOf(monitor).store.storage.values[internalsOf(monitor).store.family(JOBS).slot([])] = jobs
  internalsOf(monitor).store.flush()
  return monitor
}

function serve(): HerdServer {
  return serveHerd({ directory, port: 0, onWarning: message => warnings.push(message) })
}

async function jobsAt(server: HerdServer): Promise<number> {
  const { url } = await server.listening
  return sum(await scrape(`${url}/metrics`), 'jobs_total')
}

test('a clean restart of an exporter keeps the totals, though no worker runs', async () => {
  await leave(1, 5).close()
  const first = serve()
  expect(await jobsAt(first)).toBe(5)
  await first.close()
  const second = serve()
  expect(await jobsAt(second)).toBe(5)
  await second.close()
})

test('an exporter that starts while no worker runs removes nothing that another one serves', async () => {
  await leave(1, 5).close()
  const first = serve()
  expect(await jobsAt(first)).toBe(5)
  // A leader that was killed leaves a lock that no process holds.
  for (const name of readdirSync(directory).filter(each => each.startsWith('leader.'))) rmSync(join(directory, name))
  const second = serve()
  expect([await jobsAt(first), await jobsAt(second), await jobsAt(first)]).toEqual([5, 5, 5])
  await first.close()
  await second.close()
})

test('a primary that starts a herd removes old files, and an exporter beside it serves the new herd alone', async () => {
  const first = new Herd({ directory })
  first.lead({ fresh: true })
  const old = leave(1, 5)
  const server = serve()
  expect(await jobsAt(server)).toBe(5)
  await first.close()
  const second = new Herd({ directory })
  second.lead({ fresh: true })
  expect(await jobsAt(server)).toBe(0)
  await leave(1, 2).close()
  expect(await jobsAt(server)).toBe(2)
  await server.close()
  await second.close()
  await old.close()
})

test.each([0, 2])(
  'totals of format version %d are kept as they are, and it is said why they are not shown',
  async version => {
    await leave(1, 5).close()
    const first = serve()
    expect(await jobsAt(first)).toBe(5)
    await first.close()
    const path = join(directory, 'retired.values')
    setVersion(path, version)
    const second = serve()
    const { url } = await second.listening
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
    expect(warnings.join('\n')).toContain('another version of promherd wrote them')
    await second.close()
    setVersion(path, 1)
    const third = serve()
    expect(await jobsAt(third)).toBe(5)
    await third.close()
  },
)

test('a forged store of 10 GB without a byte behind it is not read', async () => {
  const living = leave(1, 5)
  const base = join(directory, '7-abcdefgh12')
  const header = new Float64Array(16)
  header.set([0x70726f6d, 1], 0)
  header[9] = 2 ** 24 - 1
  writeFileSync(`${base}.values`, new Uint8Array(header.buffer))
  truncateSync(`${base}.values`, 10 * 2 ** 30)
  writeFileSync(`${base}.catalog`, '')
  const server = serve()
  const before = process.memoryUsage().arrayBuffers
  expect(await jobsAt(server)).toBe(5)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16e6)
  await server.close()
  await living.close()
})

function setVersion(path: string, version: number): void {
  const fd = openSync(path, 'r+')
  writeSync(fd, new Uint8Array(Float64Array.of(version).buffer), 0, 8, 8)
  closeSync(fd)
}
