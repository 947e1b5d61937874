import { expect, test } from 'vitest'
import { startLoad, stopLoad } from '../cluster/load.ts'
import { type Running, until } from '../cluster/running.ts'
import { parseText, sum } from '../support/samples.ts'
import { settled, startListening } from './running.ts'

/**
 * Threads that are terminated under load: what their clients received, what is counted, and what is reported as lost.
 *
 * The program counts beside promherd, in memory that outlives its threads: requests just before (`seen`) and just after
 * (`begun`) promherd takes them as in flight, answers just before (`ending`) and just after (`ended`) their last byte is
 * given to the kernel. A thread ends at one place, so each termination leaves at most one request between two of these.
 */

const THREADS = 5
const CONNECTIONS = 12
/** How many requests a thread has answered before it is terminated. */
const ANSWERS = 10

interface Counts {
  readonly seen: number
  readonly begun: number
  readonly ending: number
  readonly ended: number
}

async function countsOf(running: Running): Promise<Counts> {
  const [seen = 0, begun = 0, ending = 0, ended = 0] = (await running.call('counts')) as number[]
  return { seen, begun, ending, ended }
}

/** Terminates threads, each when it has answered some requests, and returns the totals that were seen meanwhile. */
async function terminate(herd: Running, terminations: number): Promise<number[]> {
  const totals: number[] = []
  const answered = new Array<number>(THREADS).fill(0)
  for (let i = 0; i < terminations; i++) {
    const [worker, answers] = await until('a thread that answers', async () => {
      const counts = (await herd.call('counts')) as number[]
      const workers = (await herd.call('workers')) as { worker: number; state: string }[]
      const running = workers.filter(({ state }) => state === 'running')
      const ready = running.find(({ worker }) => counts[4 + worker]! >= answered[worker - 1]! + ANSWERS)
      // The port is closed with the last thread.
      if (running.length <= 2 || ready === undefined) return undefined
      return [ready.worker, counts[4 + ready.worker]!] as const
    })
    answered[worker - 1] = answers
    await herd.call('terminate', worker)
    if (i % 5 === 0) totals.push((await herd.scrape()).value('test_total')!)
  }
  return totals
}

test.each([
  ['mmap', 50],
  ['file', 15],
])(
  'with the %s storage no count decreases over %i terminations under load',
  async (storage, terminations) => {
    const env = { PROMHERD_STORAGE: storage, ENTRY: './counted.mjs' }
    const running = await startListening({ options: { threads: THREADS }, env })
    const load = startLoad(new URL(running.appUrl()).port, CONNECTIONS)
    const totals = await terminate(running, terminations)
    const { received } = await stopLoad(load)
    await running.sees('promherd_stores{state="live"}', THREADS + 1)
    await settled(running, 'test_total')
    const samples = await running.scrape()
    const all = parseText(samples.text)
    const counted = sum(all, 'http_requests_total')
    const lost = sum(all, 'promherd_worker_lost_requests_total')
    const { seen, begun, ending, ended } = await countsOf(running)
    expect(totals).toEqual([...totals].sort((a, b) => a - b))
    expect(samples.restarts).toEqual({ killed: terminations })
    expect(samples.value('promherd_stores{state="retired"}')).toBe(terminations)
    // A flushed store lacks what was counted in the last 100 ms of its thread.
    if (storage === 'file') return expect(counted).toBeLessThanOrEqual(seen)
    // Each request that a thread has begun is counted or reported as lost, once.
    expect(counted + lost).toBeGreaterThanOrEqual(begun)
    expect(counted + lost).toBeLessThanOrEqual(seen)
    expect(seen - begun).toBeLessThanOrEqual(terminations)
    // So each answer is. Those of the turn in which its thread ended are reported as lost: one for each connection, at most.
    expect(received).toBeLessThanOrEqual(ending)
    expect(ending - ended).toBeLessThanOrEqual(terminations)
    expect(received - counted).toBeLessThanOrEqual(terminations * CONNECTIONS)
  },
  300_000,
)
