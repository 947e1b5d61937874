import { Agent, get as request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { type Running, startReady, until } from './running.ts'

/** How the requests of many connections are shared among the workers. */

const WORKERS = 4
const CONNECTIONS = 200
const REQUESTS = 10_000

async function shares(running: Running): Promise<number[]> {
  const lanes = Array.from({ length: CONNECTIONS }, () => useConnection(running.appUrl(), REQUESTS / CONNECTIONS))
  await Promise.all(lanes)
  const samples = await until('all to be counted', async () => {
    const now = await running.scrape()
    return now.value('test_total') === REQUESTS && now.value('http_requests_in_flight') === 0 ? now : undefined
  })
  return [1, 2, 3, 4].map(worker => samples.value(`promherd_worker_requests_total{worker="${worker}"}`)!)
}

async function useConnection(url: string, requests: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  for (let i = 0; i < requests; i++) {
    await new Promise<void>((resolve, reject) => {
      request(url, { agent }, response => response.resume().on('close', resolve)).on('error', reject)
    })
  }
}

test('under round robin each worker has its share of 10,000 requests', async ({ annotate }) => {
  const running = await startReady({ options: { workers: WORKERS }, env: { NODE_CLUSTER_SCHED_POLICY: 'rr' } })
  const counts = await shares(running)
  await annotate(`round robin: ${counts.join(', ')}`)
  expect(counts.reduce((sum, count) => sum + count)).toBe(REQUESTS)
  // Whoever is free is next, so the shares are not equal: but each is from half to twice of what equal ones would be.
  for (const count of counts) expect(count).toBeGreaterThan(REQUESTS / WORKERS / 2)
  for (const count of counts) expect(count).toBeLessThan((REQUESTS / WORKERS) * 2)
}, 60_000)

test('where the kernel shares them, each of 10,000 requests is counted once', async ({ annotate }) => {
  const running = await startReady({ options: { workers: WORKERS }, env: { NODE_CLUSTER_SCHED_POLICY: 'none' } })
  const counts = await shares(running)
  await annotate(`by the kernel: ${counts.join(', ')}`)
  expect(counts.reduce((sum, count) => sum + count)).toBe(REQUESTS)
}, 60_000)
