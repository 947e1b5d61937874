import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Herd } from '@promherd/core'
import { expect, test } from 'vitest'

/** 200 lives of one job each, every one retired at once. */
const LEADER = `
import { createMonitor, Herd } from '@promherd/core'
import { internalsOf } from '../packages/core/dist/monitor/internals.js'
const directory = process.env.PROMETHEUS_MULTIPROC_DIR
const herd = new Herd({ directory })
herd.lead()
const jobs = { name: 'jobs_total', type: 'counter', help: 'Jobs.', labels: [], buckets: [], aggregator: 'sum' }
for (let i = 0; i < 200; i++) {
  const monitor = createMonitor({ directory, storage: 'file' })
  const { store } = internalsOf(monitor)
  const slot = store.family(jobs).slot([])
  store.storage.values[slot] = 1
  await monitor.close()
  await herd.retireExited()
}
`

test('a reader in another process never sees a total fall, or exceed what was counted, while 200 are retired', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
  const child = spawn(process.execPath, ['--input-type=module', '-e', LEADER], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, PROMETHEUS_MULTIPROC_DIR: directory },
    stdio: 'inherit',
  })
  const herd = new Herd({ directory })
  const seen: number[] = []
  const look = async () => {
    const { families } = await herd.snapshot()
    seen.push(families.find(({ name }) => name === 'jobs_total')?.values.get(0) ?? 0)
  }
  while (child.exitCode === null && child.signalCode === null) {
    await look()
    await new Promise(setImmediate)
  }
  await look()
  expect(child.exitCode).toBe(0)
  expect(seen).toEqual([...seen].sort((a, b) => a - b))
  expect(seen.at(-1)).toBe(200)
  expect(new Set(seen).size).toBeGreaterThan(10)
  await herd.close()
  rmSync(directory, { recursive: true })
})
