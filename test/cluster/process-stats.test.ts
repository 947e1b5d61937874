import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../support/resources.ts'
import { get, type Running, type Samples, startReady, until } from './running.ts'

/** The CPU time and memory of workers as the primary reads them from the operating system, even if a worker hangs. */

const cpu = (samples: Samples, worker: number): number =>
  samples.value(`promherd_worker_cpu_seconds_total{worker="${worker}"}`)!
const memory = (samples: Samples, worker: number): number =>
  samples.value(`promherd_worker_resident_memory_bytes{worker="${worker}"}`)!
const utilization = (samples: Samples, worker: number): number =>
  samples.value(`promherd_worker_cpu_utilization_ratio{worker="${worker}"}`)!

const MB = 1024 * 1024

/** Asks the worker that does not hang: Node hands one connection more to one that does, and then no more. */
async function askOneThatAnswers(running: Running, path: string): Promise<number> {
  await Promise.any([1, 2].map(() => get(running.appUrl())))
  return Number((await get(running.appUrl(path), { timeoutMs: 30_000 })).body.split(' ')[0])
}

test('a worker that hangs increases only its own CPU, and a worker that allocates only its own memory; with a hang timeout of 0 it is not ended', async () => {
  const running = await startReady({ options: { hangTimeoutMs: 0 } })
  const idle = await until('the first figures', async () => {
    const samples = await running.scrape()
    return memory(samples, 1) > 0 && memory(samples, 2) > 0 ? samples : undefined
  })
  const directory = temporaryDirectory()
  onTestFinished(directory.remove)
  const stop = join(directory.path, 'stop')
  // It says nothing of itself from now on: its event loop is busy until the file is there, and blocked until the test ends.
  get(running.appUrl(`/busy-until?file=${encodeURIComponent(stop)}`)).catch(() => {})
  const { hung, samples: early } = await until('one that burns CPU', async () => {
    const samples = await running.scrape()
    const hung = [1, 2].find(worker => cpu(samples, worker) - cpu(idle, worker) > 1)
    return hung === undefined ? undefined : { hung, samples }
  })
  const other = 3 - hung
  expect(await askOneThatAnswers(running, '/keep?mb=128')).toBe(other)
  // Each is measured at its own time.
  const late = await until('120 MB', async () => {
    const samples = await running.scrape()
    return memory(samples, other) - memory(early, other) > 120 * MB ? samples : undefined
  })
  expect(cpu(late, other) - cpu(early, other)).toBeLessThan(1)
  expect(Math.abs(memory(late, hung) - memory(early, hung))).toBeLessThan(32 * MB)
  // How large a share the kernel gives it depends on what else runs; the other worker comes to rest in any case.
  await until('a larger share of the one that hangs', async () => {
    const samples = await running.scrape()
    return utilization(samples, hung) > 4 * utilization(samples, other) ? samples : undefined
  })
  expect(late.value('promherd_internal_errors_total{cause="process_stats"}')).toBe(0)
  writeFileSync(stop, '')
  // After 5 s without a heartbeat it is reported as hung, and 3 s later it has not been ended.
  const age = `promherd_worker_heartbeat_age_seconds{worker="${hung}"}`
  const old = await until('8 s without a heartbeat', async () => {
    const samples = await running.scrape()
    return samples.value(age)! > 8 ? samples : undefined
  })
  expect(old.value(`promherd_worker_state{worker="${hung}",state="hung"}`)).toBe(1)
  expect(old.restarts).toEqual({})
  // A hang that ends by a kill, and another process in its place: the counter goes on.
  process.kill((await running.pidOf(hung))!, 'SIGKILL')
  const next = await running.sees(`promherd_worker_restarts_total{worker="${hung}",reason="killed"}`, 1)
  expect(cpu(next, hung)).toBeGreaterThanOrEqual(cpu(late, hung))
  const settled = await until('the next one', async () => {
    const samples = await running.scrape()
    const isRunning = samples.value(`promherd_worker_state{worker="${hung}",state="running"}`) === 1
    // It has not been sampled yet in the moment when it begins.
    return isRunning && memory(samples, hung) > 0 ? samples : undefined
  })
  expect(cpu(settled, hung)).toBeGreaterThanOrEqual(cpu(next, hung))
  expect(memory(settled, hung)).toBeLessThan(memory(idle, hung) + 64 * MB)
  expect(running.stderr).toMatch(/^promherd: worker \d \(process \d+\) was ended by SIGKILL \(killed\)[^\n]*\n$/)
})

test('process stats are the same without getconf, and nothing is logged', async () => {
  const running = await startReady({ options: { workers: 1 }, env: { PATH: '' } })
  const samples = await running.sees('promherd_internal_errors_total{cause="process_stats"}', 0)
  expect(memory(samples, 1)).toBeGreaterThan(16 * MB)
  await until('a window', async () => utilization(await running.scrape(), 1) >= 0)
  expect(running.stderr).toBe('')
})

test('if process stats cannot be read, that is logged and counted once, and the reports of the workers are served', async () => {
  // The program that is asked instead of /proc is not there either.
  const running = await startReady({ options: { workers: 2 }, env: { PATH: '', PIDUSAGE_USE_PS: 'true' } })
  const failed = await running.sees('promherd_internal_errors_total{cause="process_stats"}', 1)
  for (let i = 0; i < 2; i++) await get(running.appUrl('/burn?ms=500'))
  const later = await until('the CPU of a worker', async () => {
    const samples = await running.scrape()
    return [1, 2].some(worker => cpu(samples, worker) - cpu(failed, worker) >= 0.4) ? samples : undefined
  })
  expect([1, 2].every(worker => memory(later, worker) > 16 * MB)).toBe(true)
  expect(later.value('promherd_internal_errors_total{cause="process_stats"}')).toBe(1)
  expect(running.stderr).toMatch(/^promherd: process stats cannot be read \([^\n]*\)[^\n]*\n$/)
})
