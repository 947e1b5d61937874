import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMonitor, Herd, serveHerd } from '@promherd/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { internalsOf } from '../../packages/core/dist/monitor/internals.js'
import { get, startReady } from '../cluster/running.ts'
import { isSkipped } from '../support/skip.ts'
import { asSecondUser, giveToSecondUser, SECOND_USER } from './second-user.ts'

/** A directory that is given: what is refused, what is followed, and what is removed. */

let directory: string
let precious: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-given-'))
  precious = join(mkdtempSync(join(tmpdir(), 'promherd-precious-')), 'file')
  writeFileSync(precious, 'precious')
})
afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
  rmSync(join(precious, '..'), { recursive: true, force: true })
})

const JOBS = { name: 'jobs_total', type: 'counter', help: 'Jobs.', labels: [], buckets: [], aggregator: 'sum' } as const

function leave(worker: number, jobs: number) {
  const monitor = createMonitor({ directory, worker, storage: 'file' })
  const slot = internalsOf(monitor).store.family(JOBS).slot([])
  internalsOf(monitor).store.storage.values[slot] = jobs
  internalsOf(monitor).store.flush()
  return monitor
}

test('files of a user with names like ours stay, and what an earlier herd left is removed', async () => {
  await leave(1, 5).close()
  expect(readdirSync(directory)).toHaveLength(2)
  const theirs = [
    'retired.csv',
    '3-report.values',
    '4-report.catalog',
    'retired.values.bak',
    'leader.txt',
    '5-a.exemplars',
  ]
  for (const name of theirs) writeFileSync(join(directory, name), 'theirs')
  const running = await startReady({ options: { workers: 1, metrics: { port: 0, directory } } })
  await running.end()
  expect(readdirSync(directory).sort()).toEqual([...theirs].sort())
  for (const name of theirs) expect(readFileSync(join(directory, name), 'utf8')).toBe('theirs')
})

test('what the leader writes replaces a link and does not follow it', async () => {
  const living = leave(1, 5)
  const herd = new Herd({ directory })
  herd.lead()
  for (const name of ['retired.values.draft', 'retired.catalog.draft']) symlinkSync(precious, join(directory, name))
  await leave(2, 7).close()
  await herd.retireExited()
  const { families } = await herd.snapshot()
  expect(families.find(({ name }) => name === 'jobs_total')?.values.get(0)).toBe(12)
  expect(readFileSync(precious, 'utf8')).toBe('precious')
  await herd.close()
  await living.close()
})

test('a link in the place of the names of the totals is not written to', async () => {
  symlinkSync(precious, join(directory, 'retired.catalog'))
  const herd = new Herd({ directory })
  herd.lead()
  await leave(2, 7).close()
  await herd.retireExited()
  expect(readFileSync(precious, 'utf8')).toBe('precious')
  await herd.close()
})

test('pipes and devices in the place of any file hold up neither a start nor a scrape', async () => {
  const pipes = [
    '1-abcdefgh12.values',
    '1-abcdefgh12.catalog',
    'leader.1',
    'worker-1.1',
    'retired.values',
    'retired.catalog',
  ]
  for (const name of pipes) execFileSync('mkfifo', [join(directory, name)])
  for (const name of ['2-abcdefgh12.values', 'leader.2']) symlinkSync('/dev/zero', join(directory, name))
  const before = process.memoryUsage().rss
  const server = serveHerd({ directory, port: 0, onWarning: () => {} })
  const monitor = createMonitor({ directory, onWarning: () => {} })
  const { url } = await server.listening
  expect((await fetch(`${url}/metrics`)).status).toBe(200)
  expect(process.memoryUsage().rss - before).toBeLessThan(100e6)
  await monitor.close()
  await server.close()
})

test.each(['{}', '{"pid":', '[]', '{"pid":-1,"token":"x"}'])(
  'a lock with the content %s is held by no process',
  async lock => {
    for (const number of [1, 7, 999_999_999]) writeFileSync(join(directory, `leader.${number}`), lock)
    const herd = new Herd({ directory })
    expect(herd.lead()).toBeUndefined()
    expect(herd.isLeader).toBe(true)
    await herd.close()
  },
)

describe.skipIf(isSkipped('second-user'))('beside another user', () => {
  test.each([
    ['that others can write to', () => chmodSync(directory, 0o777), 'other users can write to it, mode 777'],
    ['of another user', () => giveToSecondUser(directory), `it belongs to another user, uid ${SECOND_USER}`],
  ])('a directory %s is refused with the reason, and the application serves all the same', async (_, spoil, reason) => {
    spoil()
    const running = await startReady({ options: { workers: 1, metrics: { port: 0, directory } } })
    for (let i = 0; i < 5; i++) await get(running.appUrl())
    const samples = await running.sees('test_total', 5)
    expect(samples.value('promherd_storage_place{place="given"}')).toBe(0)
    expect(samples.value('promherd_internal_errors_total{cause="store_unavailable"}')).toBe(1)
    expect(running.stderr).toContain(reason)
    expect(running.stderr).toContain('sharedDirectory')
    expect(readdirSync(directory)).toEqual([])
    await running.end()
    expect(() => serveHerd({ directory, port: 0 })).toThrow(reason)
  })

  test('a directory that others can write to is accepted where an option says so, and links in it are not followed', async () => {
    chmodSync(directory, 0o777)
    asSecondUser(
      `const [directory, precious] = process.argv.slice(1)
       for (const name of ['retired.values.draft', 'retired.catalog.draft', '9-abcdefgh12.values'])
         require('fs').symlinkSync(precious, directory + '/' + name)
       require('child_process').execFileSync('mkfifo', [directory + '/leader.1'])`,
      directory,
      precious,
    )
    const metrics = { port: 0, directory, sharedDirectory: true }
    const running = await startReady({ options: { workers: 1, metrics } })
    for (let i = 0; i < 5; i++) await get(running.appUrl())
    const samples = await running.sees('test_total', 5)
    expect(samples.value('promherd_storage_place{place="given"}')).toBe(1)
    await running.end()
    expect(readFileSync(precious, 'utf8')).toBe('precious')
  })

  test('a file of another user in our own directory is not read', async () => {
    const monitor = leave(1, 5)
    chownSync(internalsOf(monitor).store.paths!.values, SECOND_USER, SECOND_USER)
    const herd = new Herd({ directory })
    const { families } = await herd.snapshot()
    expect(families.find(({ name }) => name === 'jobs_total')).toBeUndefined()
    expect(families.find(({ name }) => name === 'promherd_stores')?.values.get(2)).toBe(1)
    await herd.close()
    await monitor.close()
  })
})
