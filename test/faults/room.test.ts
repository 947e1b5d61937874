import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { get, type Running, startProcess, startReady } from '../cluster/running.ts'
import { isSkipped } from '../support/skip.ts'

/** File systems without room: the application serves, all its responses are counted, and what is missing is logged. */

let directory: string

function mount(options: string, type = 'tmpfs'): void {
  try {
    execFileSync('mount', ['-t', type, '-o', options, 'promherd-test', directory], { stdio: 'pipe' })
  } catch (error) {
    throw new Error('Expected to mount a tmpfs: run as root, or set PROMHERD_SKIP=tmpfs.', { cause: error })
  }
}

function fill(): string {
  const { bavail, bsize } = statfsSync(directory)
  const path = join(directory, 'ballast')
  writeFileSync(path, Buffer.alloc(bavail * bsize))
  return path
}

async function request(running: Running, count: number): Promise<void> {
  for (let i = 0; i < count; i++) expect((await get(running.appUrl())).status).toBe(200)
}

async function isReady(running: Running): Promise<boolean> {
  return (await get(running.metricsUrl('/-/ready'))).status === 200
}

describe.skipIf(isSkipped('tmpfs'))('where a file system has no room', () => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'promherd-room-'))
  })
  afterEach(() => {
    execFileSync('umount', ['-l', directory])
    rmSync(directory, { recursive: true })
  })

  test.each([
    ['64 KiB', 'size=64k,mode=0700'],
    ['200 KiB', 'size=200k,mode=0700'],
    ['8 inodes', 'size=8m,nr_inodes=8,mode=0700'],
  ])('in a given directory with %s all requests are counted', async (_, options) => {
    mount(options)
    const running = await startReady({ options: { workers: 2, metrics: { port: 0, directory } } })
    await request(running, 40)
    const samples = await running.sees('test_total', 40)
    expect(samples.value('promherd_workers_without_store')).toBe(0)
    expect(samples.value('promherd_internal_errors_total{cause="store_unavailable"}')).toBeGreaterThan(0)
    expect(await isReady(running)).toBe(true)
    await running.end()
  })

  test('a given directory that is full when the herd starts is not used, and that is logged', async () => {
    mount('size=1m,mode=0700')
    fill()
    const running = await startReady({ options: { workers: 1, metrics: { port: 0, directory } } })
    await request(running, 20)
    const samples = await running.sees('test_total', 20)
    expect(samples.value('promherd_storage_place{place="given"}')).toBe(0)
    expect(running.stderr).toContain('ENOSPC')
    await running.end()
  })

  test('a directory that is full while the herd runs loses no request of workers that start later', async () => {
    mount('size=1m,mode=0700')
    const running = await startReady({ options: { workers: 2, metrics: { port: 0, directory } } })
    await request(running, 20)
    const ballast = fill()
    process.kill((await running.pidOf(1))!, 'SIGKILL')
    await running.sees('promherd_worker_restarts_total{worker="1",reason="killed"}', 1)
    await running.sees('promherd_workers{state="running"}', 2)
    await request(running, 20)
    await running.sees('test_total', 40)
    rmSync(ballast)
    process.kill((await running.pidOf(1))!, 'SIGKILL')
    await running.sees('promherd_worker_restarts_total{worker="1",reason="killed"}', 2)
    await running.sees('promherd_workers{state="running"}', 2)
    await request(running, 20)
    await running.sees('test_total', 60)
    await running.end()
  })

  test('a read-only file system delays no start', async () => {
    mount('size=1m,mode=0700,ro')
    const running = await startReady({ options: { workers: 1, metrics: { port: 0, directory } } })
    await request(running, 20)
    await running.sees('test_total', 20)
    expect(running.stderr).toContain('read-only')
    await running.end()
  })

  test('without any place to write the application serves, and readiness and a metric report it', async () => {
    mount('size=1m,mode=0755')
    // A private mount namespace, in which /dev/shm and the temporary files are full.
    mkdirSync(join(directory, 'tmp'))
    fill()
    const running = startProcess({
      options: { workers: 2, metrics: { port: 0 } },
      env: { TMPDIR: join(directory, 'tmp') },
      through: ['unshare', '-m', 'sh', '-c', `mount --bind ${directory} /dev/shm && exec "$0" "$1"`],
    })
    await running.said('metrics')
    await running.said('ready')
    await request(running, 10)
    const samples = await running.sees('promherd_workers_without_store', 2)
    expect(samples.value('promherd_storage_place{place="memory"}')).toBe(1)
    expect(samples.value('promherd_internal_errors_total{cause="store_unavailable"}')).toBe(1)
    expect(await isReady(running)).toBe(false)
    rmSync(join(directory, 'ballast'))
    await running.sees('promherd_workers_without_store', 0)
    await running.sees('test_total', 10)
    expect(await isReady(running)).toBe(true)
    await running.end()
    expect(readdirSync(join(directory, 'tmp'))).toEqual([])
  })
})
