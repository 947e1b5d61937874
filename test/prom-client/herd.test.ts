import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { get, type Running, startReady } from '../cluster/running.ts'
import { startListening } from '../threads/running.ts'

/** The port of a cluster serves the prom-client counts of all workers, including exited ones. */

const ENTRY = fileURLToPath(new URL('./exiting-app.mjs', import.meta.url))

function countOf(path: string): string {
  return `c_total{of="${path}"}`
}

/** Requests that make a worker exit while it responds, and waits until the port serves what that worker had counted. */
async function exitsBy(running: Running, path: string): Promise<void> {
  await running.sees('promherd_workers{state="running"}', 2)
  // The response may be cut off.
  await get(running.appUrl(path)).catch(() => {})
  await running.sees(countOf(path), 1)
}

test('counts of processes that are killed, exit and throw stay exact', async () => {
  const running = await startReady({ env: { ENTRY } })
  for (let i = 1; i <= 20; i++) await get(running.appUrl())
  await running.sees(countOf('/'), 20)
  process.kill((await running.pidOf(1))!, 'SIGKILL')
  await running.sees('promherd_worker_restarts_total{worker="1",reason="killed"}', 1)
  for (const path of ['/exit', '/throw']) await exitsBy(running, path)
  expect((await running.scrape()).value(countOf('/'))).toBe(20)
})

test('counts of threads that are terminated, exit and throw stay exact', async () => {
  const running = await startListening({ env: { ENTRY } })
  for (let i = 1; i <= 10; i++) await get(running.appUrl())
  await running.sees(countOf('/'), 10)
  await running.call('terminate', 1)
  for (const path of ['/exit', '/throw']) await exitsBy(running, path)
  expect((await running.scrape()).value(countOf('/'))).toBe(10)
})

test('metrics with a collect() are sampled by their own worker, independently of scrapes', async () => {
  const running = await startReady({ env: { ENTRY } })
  const first = await running.sees('collected', 1)
  for (let i = 0; i < 20; i++) await running.scrape()
  expect(first.value('collected')).toBe(1)
  expect((await running.scrape()).value('collected')).toBeLessThanOrEqual(2)
})
