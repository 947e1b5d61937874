import { expect, onTestFinished, test } from 'vitest'
import { type RunningExample, startClustered } from '../support/example.ts'
import { parseText, type Sample, select, sum } from '../support/samples.ts'
import { until } from '../support/until.ts'
import { startLoad, stopLoad } from './load.ts'

/** Workers that are killed under load: what the load generator received against what was counted. */

// With this number no worker is killed often enough for its replacement to be delayed for long.
const WORKERS = 3
const KILLS = { mmap: 6, file: 3 } as const
const CONNECTIONS = 12
const FLUSH_INTERVAL_MS = 100

test('six kills with the mmap storage lose only the requests in flight', async () => {
  const { received, counted, broken } = await killUnderLoad('mmap')
  expect(received - counted).toBeLessThanOrEqual(broken)
  expect(counted - received).toBeLessThanOrEqual(broken)
})

test('three kills with the file storage lose at most the counts since the last flush', async () => {
  const { received, counted, broken, fastest } = await killUnderLoad('file')
  // The timer of a busy worker is late now and then: twice the interval, at the fastest that any worker ever was.
  const unflushed = KILLS.file * fastest * 2 * FLUSH_INTERVAL_MS
  expect(received - counted).toBeLessThanOrEqual(broken + unflushed)
  expect(counted - received).toBeLessThanOrEqual(broken)
})

interface Outcome {
  /** Responses that came whole, and those that broke off. */
  readonly received: number
  readonly broken: number
  readonly counted: number
  /** Requests per millisecond of the fastest worker between two scrapes. */
  readonly fastest: number
}

async function killUnderLoad(storage: 'mmap' | 'file'): Promise<Outcome> {
  const herd = await startClustered('node-http', WORKERS, { PROMHERD_STORAGE: storage })
  onTestFinished(() => herd.stop().then(() => {}))
  const watch = new Watch(herd)
  const load = startLoad(new URL(herd.url).port, CONNECTIONS)
  for (let kill = 0; kill < KILLS[storage]; kill++) await killOne(watch, (kill % WORKERS) + 1)
  const { received, broken } = await stopLoad(load)
  await until(() => watch.sees(() => watch.inFlight === 0), { what: 'nothing in flight' })
  expect(watch.restarts).toBe(KILLS[storage])
  expect(watch.falls).toEqual([])
  return { received, broken, counted: watch.counted, fastest: watch.fastest }
}

/** Kills the worker in a slot once it has answered something, and waits until another one there has, too. */
async function killOne(watch: Watch, worker: number): Promise<void> {
  const before = watch.requestsOf(worker)
  const victim = await until(
    () => watch.sees(() => watch.requestsOf(worker) > before && watch.isRunning(worker) && watch.pidOf(worker)),
    { what: `worker ${worker} to answer something`, deadlineMs: 30_000 },
  )
  const restarts = watch.restarts
  process.kill(victim, 'SIGKILL')
  await until(() => watch.sees(() => watch.restarts === restarts + 1), { what: 'the worker to be replaced' })
}

/** Looks at the metrics, and holds each look against the one before. */
class Watch {
  /** Series of counters and histograms that have become less. */
  readonly falls: string[] = []
  fastest = 0
  readonly #herd: RunningExample
  #samples: Sample[] = []
  #monotone = new Map<string, number>()
  #lookedAt = 0

  constructor(herd: RunningExample) {
    this.#herd = herd
  }

  /** Looks again, and answers what `answer` finds then. */
  async sees<T>(answer: () => T): Promise<T> {
    const text = await (await fetch(this.#herd.metricsUrl)).text()
    const now = performance.now()
    const before = this.#samples
    this.#samples = parseText(text)
    for (let worker = 1; worker <= WORKERS && before.length > 0; worker++) {
      const gained = requestsOf(this.#samples, worker) - requestsOf(before, worker)
      this.fastest = Math.max(this.fastest, gained / (now - this.#lookedAt))
    }
    this.#lookedAt = now
    this.#compare(text)
    return answer()
  }

  requestsOf(worker: number): number {
    return requestsOf(this.#samples, worker)
  }

  pidOf(worker: number): number {
    return Number(select(this.#samples, 'promherd_worker_info', { worker: String(worker) })[0]?.labels['pid'])
  }

  isRunning(worker: number): boolean {
    return sum(this.#samples, 'promherd_worker_state', { worker: String(worker), state: 'running' }) === 1
  }

  get restarts(): number {
    return sum(this.#samples, 'promherd_worker_restarts_total', { reason: 'killed' })
  }

  get inFlight(): number {
    return sum(this.#samples, 'http_requests_in_flight')
  }

  /** Requests that were answered: a client that left before its answer got none. */
  get counted(): number {
    return sum(this.#samples, 'http_requests_total') - sum(this.#samples, 'http_requests_total', { status_code: '499' })
  }

  #compare(text: string): void {
    const monotone = new Set([...text.matchAll(/^# TYPE (\S+) (?:counter|histogram)$/gm)].map(([, name]) => name))
    const now = new Map<string, number>()
    for (const { name, labels, value } of this.#samples) {
      const family = monotone.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '')
      if (monotone.has(family)) now.set(`${name} ${JSON.stringify(labels)}`, value)
    }
    for (const [series, value] of this.#monotone) {
      const next = now.get(series)
      if (next === undefined || next < value) this.falls.push(`${series}: ${value} to ${next}`)
    }
    this.#monotone = now
  }
}

function requestsOf(samples: readonly Sample[], worker: number): number {
  return sum(samples, 'promherd_worker_requests_total', { worker: String(worker) })
}
