import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { get, type Running, startReady, until } from '../cluster/running.ts'

/** Files and directories that vanish while a herd runs: no counter falls, and what is wrong is told until it is mended. */

let directory: string
let running: Running

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-faults-'))
  running = await startReady({ options: { workers: 2, metrics: { port: 0, directory } } })
  await request(20)
})
afterEach(async () => {
  await running.end()
  rmSync(directory, { recursive: true, force: true })
})

async function request(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await get(running.appUrl())
}

async function total(): Promise<number> {
  return (await running.scrape()).value('test_total') ?? 0
}

function storesIn(path: string): string[] {
  return existsSync(path) ? readdirSync(path).filter(name => /^[12]-.*\.values$/.test(name)) : []
}

/** Waits for the herd to be whole again, and answers every total that was seen meanwhile. */
async function mended(): Promise<number[]> {
  const seen: number[] = []
  await until('the herd to be whole again', async () => {
    seen.push(await total())
    const isReady = (await get(running.metricsUrl('/-/ready'))).status === 200
    return isReady && storesIn(directory).length === 2 ? true : undefined
  })
  return seen
}

async function killWorkers(): Promise<void> {
  const pids = [await running.pidOf(1), await running.pidOf(2)]
  for (const pid of pids) process.kill(pid!, 'SIGKILL')
  await until('other workers', async () => {
    const now = [await running.pidOf(1), await running.pidOf(2)]
    return now.every(pid => pid !== undefined && !pids.includes(pid)) ? true : undefined
  })
  await running.sees('promherd_workers{state="running"}', 2)
}

test('the files of a running worker are removed: it writes them again', async () => {
  expect(await total()).toBe(20)
  for (const name of readdirSync(directory).filter(each => each.startsWith('1-'))) rmSync(join(directory, name))
  expect(await total()).toBe(20)
  expect(Math.min(...(await mended()))).toBe(20)
  await request(10)
  expect(await total()).toBe(30)
})

test('the totals of exited workers are removed: the leader writes them again', async () => {
  await killWorkers()
  expect(await total()).toBe(20)
  for (const name of readdirSync(directory).filter(each => each.startsWith('retired.'))) rmSync(join(directory, name))
  expect(await total()).toBe(20)
  await until('the totals', () => existsSync(join(directory, 'retired.values')) || undefined)
  await killWorkers()
  await request(10)
  expect(await total()).toBe(30)
})

test.each(['removed', 'replaced by an empty one'])(
  'the directory is %s: nothing falls, and the herd moves in again',
  async how => {
    await killWorkers()
    await request(20)
    expect(await total()).toBe(40)
    const moved = `${directory}-moved`
    if (how === 'removed') rmSync(directory, { recursive: true })
    else {
      renameSync(directory, moved)
      mkdirSync(directory, { mode: 0o700 })
    }
    const probe = await get(running.metricsUrl('/-/ready'))
    expect([probe.status, probe.body]).toEqual([503, expect.stringContaining('the last numbers are shown')])
    const seen = await mended()
    expect(Math.min(...seen)).toBe(40)
    rmSync(moved, { recursive: true, force: true })
    await request(20)
    expect(await total()).toBe(60)
    const samples = await running.scrape()
    expect(samples.value('promherd_directory_intact')).toBe(1)
    expect(samples.value('promherd_internal_errors_total{cause="directory"}')).toBe(1)
  },
)

test('the directory is removed and a worker restarts before the leader has seen it', async () => {
  const pid = await running.pidOf(1)
  rmSync(directory, { recursive: true })
  process.kill(pid!, 'SIGKILL')
  await until('another worker', async () => ((await running.pidOf(1)) === pid ? undefined : true))
  expect(Math.min(...(await mended()))).toBe(20)
  await request(10)
  expect(await total()).toBe(30)
})

test('a probe makes no directory', async () => {
  rmSync(directory, { recursive: true })
  const probe = await get(running.metricsUrl('/-/ready'))
  expect(probe.status).toBe(503)
})

test('a file is in the place of the directory for a while: the numbers stand, and it is told', async () => {
  expect(await total()).toBe(20)
  const moved = `${directory}-moved`
  renameSync(directory, moved)
  writeFileSync(directory, '')
  expect(await total()).toBe(20)
  const samples = await running.sees('promherd_internal_errors_total{cause="directory"}', 1)
  expect(samples.value('promherd_directory_intact')).toBe(0)
  expect((await get(running.metricsUrl('/-/ready'))).status).toBe(503)
  rmSync(directory)
  renameSync(moved, directory)
  expect(Math.min(...(await mended()))).toBe(20)
  await request(10)
  expect(await total()).toBe(30)
})
