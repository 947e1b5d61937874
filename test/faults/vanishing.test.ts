import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { get, type Running, startReady, until } from '../cluster/running.ts'

/** Files and directories that vanish while a herd runs: no counter falls, and the problem is reported until it is solved. */

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

test('files are removed, and a file replaces the directory for a while: no counter falls, and the directory is created again', async () => {
  // The files of a running worker, which writes them again.
  expect(await total()).toBe(20)
  for (const name of readdirSync(directory).filter(each => each.startsWith('1-'))) rmSync(join(directory, name))
  expect(await total()).toBe(20)
  expect(Math.min(...(await mended()))).toBe(20)
  await request(10)
  expect(await total()).toBe(30)

  // The totals of exited workers, which the leader writes again.
  await killWorkers()
  expect(await total()).toBe(30)
  for (const name of readdirSync(directory).filter(each => each.startsWith('retired.'))) rmSync(join(directory, name))
  expect(await total()).toBe(30)
  await until('the totals', () => existsSync(join(directory, 'retired.values')) || undefined)
  await killWorkers()
  await request(10)
  expect(await total()).toBe(40)

  // A file in the place of the directory: the numbers stand, and it is reported.
  const moved = `${directory}-moved`
  renameSync(directory, moved)
  writeFileSync(directory, '')
  expect(await total()).toBe(40)
  const samples = await running.sees('promherd_internal_errors_total{cause="directory"}', 1)
  expect(samples.value('promherd_directory_intact')).toBe(0)
  expect((await get(running.metricsUrl('/-/ready'))).status).toBe(503)
  rmSync(directory)
  renameSync(moved, directory)
  expect(Math.min(...(await mended()))).toBe(40)
  await request(10)
  expect(await total()).toBe(50)
})

test('the directory is removed, or replaced by an empty one: no counter falls, and the herd writes its files again', async () => {
  await killWorkers()
  await request(20)
  let count = 40
  for (const [round, how] of ['removed', 'replaced'].entries()) {
    expect(await total()).toBe(count)
    const moved = `${directory}-moved`
    if (how === 'removed') rmSync(directory, { recursive: true })
    else {
      renameSync(directory, moved)
      mkdirSync(directory, { mode: 0o700 })
    }
    const probe = await get(running.metricsUrl('/-/ready'))
    expect([how, probe.status, probe.body]).toEqual([
      how,
      503,
      expect.stringContaining('the numbers that were read last are served'),
    ])
    const seen = await mended()
    expect([how, Math.min(...seen)]).toEqual([how, count])
    rmSync(moved, { recursive: true, force: true })
    await request(20)
    count += 20
    expect(await total()).toBe(count)
    const samples = await running.scrape()
    expect(samples.value('promherd_directory_intact')).toBe(1)
    expect(samples.value('promherd_internal_errors_total{cause="directory"}')).toBe(round + 1)
  }

  // A worker restarts before the leader has seen that it is removed.
  const pid = await running.pidOf(1)
  rmSync(directory, { recursive: true })
  process.kill(pid!, 'SIGKILL')
  await until('another worker', async () => ((await running.pidOf(1)) === pid ? undefined : true))
  expect(Math.min(...(await mended()))).toBe(count)
  await request(10)
  expect(await total()).toBe(count + 10)
})
