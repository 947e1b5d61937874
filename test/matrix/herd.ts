import { expect } from 'vitest'
import { get, isAlive } from '../cluster/running.ts'
import type { Example } from '../support/example.ts'
import { type Sample, scrape, select, sum } from '../support/samples.ts'
import { until } from '../support/until.ts'

/** An example that runs under one of the ways in which processes are managed. */
export interface Managed {
  /** The addresses of the application: one that all workers share, or one for each worker. */
  readonly urls: readonly string[]
  readonly metricsUrl: string
  /** The number of workers that serve when none is killed or reloaded. */
  readonly workers: number
  /** Replaces every worker with the command of the manager. Resolves when that has begun. */
  reload(): Promise<void>
  /** Stops all processes with the command of the manager. Resolves when they have exited. */
  stop(): Promise<void>
  /** Stops all remaining processes at once. */
  end(): Promise<void>
  /** Kills one worker, if the pid in the metrics is not a pid of this host. */
  readonly killOne?: () => Promise<void>
}

/** A way of managing processes. */
export interface Manager {
  readonly name: string
  /** A sentence or two for `docs/matrix.md`. */
  readonly about: string
  start(example: Example): Promise<Managed>
}

/** The herd of one example under one manager, as the laws use it. */
export class Herd {
  readonly example: Example
  readonly managed: Managed
  /** The number of responses to `ask`. */
  #answered = 0

  constructor(example: Example, managed: Managed) {
    this.example = example
    this.managed = managed
  }

  samples(): Promise<Sample[]> {
    return scrape(this.managed.metricsUrl)
  }

  /** Sends as many requests for a path to each address, by turns over several connections, and expects the status. */
  async send(path: string, count: number, status: number): Promise<void> {
    const { urls } = this.managed
    const lanes = Array.from({ length: LANES }, (_, lane) => lane)
    await Promise.all(
      lanes.map(async lane => {
        for (let i = lane; i < count; i += LANES) {
          expect([path, await this.ask(urls[Math.floor(i / LANES) % urls.length]! + path)]).toEqual([path, status])
        }
      }),
    )
  }

  /** The status of one request, which `settledCounts` waits for. */
  async ask(url: string): Promise<number> {
    const status = await statusOf(url)
    this.#answered++
    return status
  }

  /** The number of responses of this route with this status, over all workers. */
  async requests(route: string, status: number): Promise<number> {
    return sum(await this.samples(), 'http_requests_total', { route, status_code: String(status) })
  }

  /** All counts, such as `GET /items/:id 200`, once every response is counted. Scrapes are not included. */
  async settledCounts(): Promise<Map<string, number>> {
    let counts = new Map<string, number>()
    await this.sees('all responses to be counted', samples => {
      counts = countsIn(samples)
      return [...counts.values()].reduce((total, count) => total + count, 0) >= this.#answered
    })
    return counts
  }

  /** Waits until `isSo` returns true for a scrape. */
  async sees(what: string, isSo: (samples: readonly Sample[]) => boolean): Promise<Sample[]> {
    const samples = await until(
      async () => {
        const now = await this.samples()
        return isSo(now) && now
      },
      { what: `${this.example}: ${what}`, deadlineMs: 30_000, everyMs: EVERY_MS },
    )
    return samples
  }

  /** Waits until the expected number of workers serves, none of them in `gone`. Returns their names. */
  async isWhole(gone: readonly string[] = []): Promise<string[]> {
    const { workers, urls } = this.managed
    const samples = await this.sees(`${workers} workers, none of ${gone.join(', ')}`, now => {
      const present = workersIn(now)
      return present.length === workers && !present.some(worker => gone.includes(worker))
    })
    for (const url of urls) await this.answers(url)
    return workersIn(samples)
  }

  /** Waits until each worker has responded: a worker that is still starting would receive none of the first requests. */
  async allAnswer(): Promise<void> {
    const { urls, workers } = this.managed
    const haveAnswered = async (): Promise<boolean> => {
      for (const url of urls) await this.ask(`${url}/`)
      const shares = [...sharesIn(await this.samples()).values()]
      return shares.filter(share => share > 0).length === workers
    }
    await until(haveAnswered, {
      what: `${this.example}: all workers to answer`,
      deadlineMs: 30_000,
      everyMs: EVERY_MS,
    })
  }

  /** Waits until a process responds at this address. */
  async answers(url: string): Promise<void> {
    await until(() => this.ask(`${url}/`).catch(() => false as const), { what: `${url} to answer`, everyMs: EVERY_MS })
  }

  /** Kills one worker with SIGKILL. Resolves, when it has exited, with its name if that is known. */
  async kill(): Promise<string | undefined> {
    const { killOne } = this.managed
    if (killOne !== undefined) {
      await killOne()
      return undefined
    }
    const samples = await this.samples()
    const [victim] = select(samples, 'promherd_worker_info')
    const pid = Number(victim!.labels['pid'])
    process.kill(pid, 'SIGKILL')
    await until(() => !isAlive(pid), { what: `process ${pid} to exit` })
    return workersIn(samples).find(worker => worker.startsWith(`${victim!.labels['worker']}@`))
  }
}

const LANES = 4

/** Each scrape takes CPU time from the processes that the test waits for. */
const EVERY_MS = 100

/** The running workers: each by its number and its start time. */
export function workersIn(samples: readonly Sample[]): string[] {
  return select(samples, 'promherd_worker_start_time_seconds').map(
    ({ labels, value }) => `${labels['worker']}@${value}`,
  )
}

/** The requests of each worker, by its number. */
export function sharesIn(samples: readonly Sample[]): Map<string, number> {
  return new Map(
    select(samples, 'promherd_worker_requests_total').map(({ labels, value }) => [labels['worker']!, value] as const),
  )
}

function countsIn(samples: readonly Sample[]): Map<string, number> {
  const counts = select(samples, 'http_requests_total').filter(({ labels }) => labels['route'] !== '/metrics')
  return new Map(
    counts.map(({ labels: { method, route, status_code }, value }) => [`${method} ${route} ${status_code}`, value]),
  )
}

/** The status of one request on its own connection, so that the workers take turns. */
export async function statusOf(url: string, options?: { readonly timeoutMs: number }): Promise<number> {
  return (await get(url, options)).status
}
