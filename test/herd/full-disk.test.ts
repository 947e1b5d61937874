import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMonitor, Herd, type Snapshot } from '@promherd/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { internalsOf } from '../../packages/core/dist/monitor/internals.js'
import { isSkipped } from '../support/skip.ts'

const JOBS = {
  name: 'jobs_total',
  type: 'counter',
  help: 'Jobs.',
  labels: ['kind'],
  buckets: [],
  aggregator: 'sum',
} as const
let directory: string

function fill(leaveBytes: number): string {
  const { bavail, bsize } = statfsSync(directory)
  const path = join(directory, 'ballast')
  writeFileSync(path, Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)))
  return path
}

function sumOf({ families }: Snapshot, name: string): number {
  return [...(families.find(family => family.name === name)?.values ?? [])].reduce((sum, value) => sum + value, 0)
}

function causeOf({ families }: Snapshot, cause: string): number | undefined {
  const errors = families.find(({ name }) => name === 'promherd_internal_errors_total')!
  return errors.values.get(errors.labels.findIndex(([label]) => label === cause))
}

describe.skipIf(isSkipped('tmpfs')).each(['mmap', 'file'] as const)('on a full disk the %s storage', storage => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'promherd-full-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0700', 'promherd-test', directory], { stdio: 'pipe' })
    } catch (error) {
      throw new Error('Expected to mount a tmpfs: run as root, or set PROMHERD_SKIP=tmpfs.', { cause: error })
    }
  })
  afterEach(() => {
    // Lazily: a mapping outlives its store, and is let go of with the process.
    execFileSync('umount', ['-l', directory])
    rmSync(directory, { recursive: true })
  })

  test.each([0, 64 * 1024])('opens on the heap if %d bytes are left, and reports that once', async bytes => {
    fill(bytes)
    const warnings: string[] = []
    const monitor = createMonitor({ directory, worker: 1, storage, onWarning: message => warnings.push(message) })
    expect(internalsOf(monitor).store.storage.kind).toBe('memory')
    const snapshot = await monitor.snapshot()
    expect(causeOf(snapshot, 'store_unavailable')).toBe(1)
    expect(warnings).toHaveLength(1)
    await monitor.close()
  })

  test('keeps its series exact, and adds new ones up in one', async () => {
    const warnings: string[] = []
    const monitor = createMonitor({ directory, worker: 1, storage, onWarning: message => warnings.push(message) })
    const { store } = internalsOf(monitor)
    const family = store.family(JOBS, 1_000_000)
    const known = family.slot(['known'])
    fill(8192)
    for (let i = 0; i < 20_000; i++) {
      const slot = family.slot([`kind ${i}`])
      store.storage.values[slot] = store.storage.values[slot]! + 1
    }
    store.storage.values[known] = 7
    const snapshot = await monitor.snapshot()
    expect(sumOf(snapshot, 'jobs_total')).toBe(20_007)
    expect(causeOf(snapshot, 'store_full')).toBeGreaterThanOrEqual(1)
    expect(warnings).toHaveLength(1)
    await monitor.close()
  })

  test('is retired later, and no count is lost or doubled', async () => {
    let living: { close(): Promise<void> } | undefined
    for (let i = 0; i < 3; i++) {
      const monitor = createMonitor({ directory, worker: i + 1, storage })
      const family = internalsOf(monitor).store.family(JOBS)
      const slot = family.slot(['a'])
      internalsOf(monitor).store.storage.values[slot] = 5
      internalsOf(monitor).store.flush()
      // One lives, so that the herd does.
      if (i > 0) await monitor.close()
      else living = monitor
    }
    const herd = new Herd({ directory })
    herd.lead()
    const ballast = fill(0)
    await herd.retireExited()
    const full = await herd.snapshot()
    expect(sumOf(full, 'jobs_total')).toBe(15)
    expect(causeOf(full, 'retire')).toBe(1)
    rmSync(ballast)
    await herd.retireExited()
    const after = await herd.snapshot()
    expect(sumOf(after, 'jobs_total')).toBe(15)
    expect([...after.families.find(({ name }) => name === 'promherd_stores')!.values]).toEqual([1, 2, 0, 0])
    await herd.close()
    await living?.close()
  })
})
