import { Agent, get as request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { type Running, startReady, until } from './running.ts'

/** How the requests of many connections are shared among the workers. */

const CONNECTIONS = 40
const REQUESTS = 400

async function shares(running: Running, workers: number): Promise<number[]> {
  const lanes: Promise<void>[] = []
  // The next one is opened when the one before has an answer: so it is not how fast each worker is that decides.
  for (let i = 0; i < CONNECTIONS; i++) {
    await new Promise<void>((resolve, reject) => {
      const lane = useConnection(running.appUrl(), REQUESTS / CONNECTIONS, resolve)
      lane.catch(reject)
      lanes.push(lane)
    })
  }
  await Promise.all(lanes)
  const samples = await until('all to be counted', async () => {
    const now = await running.scrape()
    return now.value('test_total') === REQUESTS && now.value('http_requests_in_flight') === 0 ? now : undefined
  })
  return Array.from({ length: workers }, (_, i) => samples.value(`promherd_worker_requests_total{worker="${i + 1}"}`)!)
}

async function useConnection(url: string, requests: number, onAnswer: () => void): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  for (let i = 0; i < requests; i++) {
    await new Promise<void>((resolve, reject) => {
      request(url, { agent }, response => response.resume().on('close', resolve)).on('error', reject)
    })
    onAnswer()
  }
}

test('under round robin consecutive connections are distributed equally', async ({ annotate }) => {
  const workers = 4
  const running = await startReady({ options: { workers }, env: { NODE_CLUSTER_SCHED_POLICY: 'rr' } })
  const counts = await shares(running, workers)
  await annotate(`round robin: ${counts.join(', ')}`)
  expect(counts).toEqual(Array(workers).fill(REQUESTS / workers))
}, 60_000)

test('if the kernel distributes the connections, each of 400 requests is counted once', async ({ annotate }) => {
  const running = await startReady({ options: { workers: 2 }, env: { NODE_CLUSTER_SCHED_POLICY: 'none' } })
  const counts = await shares(running, 2)
  await annotate(`by the kernel: ${counts.join(', ')}`)
  expect(counts.reduce((sum, count) => sum + count)).toBe(REQUESTS)
}, 60_000)
