import { afterEach, describe, expect, test } from 'vitest'
import { EXAMPLES, type RunningExample, startAlone, startClustered } from '../support/example.ts'
import { type Sample, select, sum } from '../support/samples.ts'
import { until } from '../support/until.ts'

/** What the READMEs of the examples promise, on each of them. */

const REQUESTS = [
  ['/', '/', '200'],
  ['/items/1', '/items/:id', '200'],
  ['/items/9', '/items/:id', '404'],
  ['/api/v1/users/7', '/api/v1/users/:id', '200'],
  ['/slow?ms=1', '/slow', '200'],
  ['/error', '/error', '500'],
  ['/stream', '/stream', '200'],
  ['/no/such/path', '_unmatched', '404'],
] as const

const COUNTED = REQUESTS.map(([, route, status]) => [route, status, 1]).sort()

let running: RunningExample | undefined

afterEach(async () => {
  await running?.stop()
  running = undefined
})

describe.each(EXAMPLES)('the %s example', example => {
  test('alone counts each request by its route and status', async () => {
    running = await startAlone(example)
    await sendAll(running.url)
    expect(await settledCounts(running)).toEqual(COUNTED)
  })

  test('under the cluster helper counts what all workers have answered, also when one is killed', async () => {
    running = await startClustered(example, 2)
    await sendAll(running.url)
    await settledCounts(running)
    const victim = await pidOfFirst(running)
    process.kill(Number(victim), 'SIGKILL')
    await until(async () => ![undefined, victim].includes(await pidOfFirst(running!)), { what: 'another worker 1' })
    expect(await settledCounts(running)).toEqual(COUNTED)
  })
})

async function sendAll(url: string): Promise<void> {
  for (const [path, , status] of REQUESTS) {
    const response = await fetch(url + path, { headers: { connection: 'close' } })
    await response.arrayBuffer()
    expect([path, response.status]).toEqual([path, Number(status)])
  }
}

/** The pid of worker 1; undefined while there is none. */
async function pidOfFirst(example: RunningExample): Promise<string | undefined> {
  return select(await example.scrape(), 'promherd_worker_info', { worker: '1' })[0]?.labels['pid']
}

/** The counts once there are as many as there were requests, or the last ones there were. */
async function settledCounts(example: RunningExample): Promise<unknown[]> {
  let counts: unknown[] = []
  await until(
    async () => {
      const samples = await example.scrape()
      counts = countsOf(samples)
      return sum(samples, 'http_requests_total', { method: 'GET' }) >= REQUESTS.length
    },
    { what: 'all requests to be counted' },
  ).catch(() => {})
  return counts
}

function countsOf(samples: readonly Sample[]): unknown[] {
  return samples
    .filter(({ name, labels }) => name === 'http_requests_total' && labels['route'] !== '/metrics')
    .map(({ labels, value }) => [labels['route'], labels['status_code'], value])
    .sort()
}
