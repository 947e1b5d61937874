import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type ProcessOptions, ROOT, type RunningProcess, startProcess } from '../support/process.ts'
import { freePort } from '../support/resources.ts'
import { parseText, type Sample } from '../support/samples.ts'
import { until } from '../support/until.ts'

/** Programs without promherd in their code, started with the preload, and without it for comparison. */

export const FIXTURES: string = join(ROOT, 'test', 'auto', 'fixtures')
export const PRELOAD: readonly string[] = ['--import', '@promherd/core/auto']

export interface Start {
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Options of Node. @default the preload */
  readonly node?: readonly string[]
  /** Arguments of the fixture. */
  readonly args?: readonly string[]
}

/** A running fixture, which is stopped at the end of the test. */
export interface Preloaded {
  readonly process: RunningProcess
  readonly metricsPort: number
  /** The URLs of its servers, in the order in which they listened. Waits until there are `count`. */
  ports(count: number): Promise<string[]>
  /** Sends a request to the first server. Returns status and body. */
  ask(path: string, method?: string): Promise<string>
  /** The metrics of its port. Rejects while it is not served. */
  scrape(): Promise<Sample[]>
  /** Waits until exactly these requests have been counted, `{ 'GET /items/:id 200': 1 }`. */
  counted(requests: Readonly<Record<string, number>>): Promise<void>
}

/** The options to start a fixture in a test, without the variables of promherd in the environment of the tests. */
export function environmentOf(env: Start['env'] = {}): ProcessOptions {
  const none = { PROMETHEUS_MULTIPROC_DIR: undefined, PROMHERD_WORKER: undefined, NODE_OPTIONS: undefined }
  return { cwd: FIXTURES, env: { ...none, ...env } }
}

export async function startPreloaded(
  fixture: string,
  { env, node = PRELOAD, args = [] }: Start = {},
): Promise<Preloaded> {
  const metricsPort = Number(env?.['PROMETHEUS_METRICS_PORT'] ?? (await freePort()))
  const options = environmentOf({ PROMETHEUS_METRICS_PORT: String(metricsPort), ...env })
  const running = await startProcess(process.execPath, [...node, fixture, ...args], options)
  onTestFinished(async () => void (await running.stop('SIGKILL')))
  const scrape = async (): Promise<Sample[]> => scrapePort(metricsPort)
  const ports = (count: number): Promise<string[]> => {
    const said = (): string[] => [...running.output().matchAll(/listening on (\d+)/g)].map(([, port]) => port!)
    return until(() => said().length >= count && said(), { what: `${count} servers in ${running.output()}` })
  }
  return {
    process: running,
    metricsPort,
    ports,
    scrape,
    async ask(path, method = 'GET') {
      const [port] = await ports(1)
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method })
      return `${answer.status} ${await answer.text()}`
    },
    async counted(requests) {
      let seen: unknown
      const isCounted = async (): Promise<boolean> => {
        seen = requestsOf(await scrape())
        return JSON.stringify(sorted(seen as Record<string, number>)) === JSON.stringify(sorted(requests))
      }
      await until(isCounted, { what: JSON.stringify(requests), deadlineMs: 5000 }).catch(error => {
        throw new Error(`${error.message} Seen: ${JSON.stringify(seen)}. ${running.output()}`, { cause: error })
      })
    },
  }
}

export async function scrapePort(port: number): Promise<Sample[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } })
  return parseText(await answer.text())
}

/** The requests that were counted, `{ 'GET /items/:id 200': 1 }`. */
export function requestsOf(samples: readonly Sample[], labels: readonly string[] = LABELS): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { name, labels: given, value } of samples) {
    if (name === 'http_requests_total') counts[labels.map(label => given[label]).join(' ')] = value
  }
  return counts
}

const LABELS = ['method', 'route', 'status_code']

/** The counted errors, `{ 'GET /broken exception': 1 }`. */
export function errorsOf(samples: readonly Sample[]): Record<string, number> {
  const errors = samples.filter(({ name, value }) => name === 'http_request_errors_total' && value > 0)
  return Object.fromEntries(
    errors.map(({ labels: { method, route, category }, value }) => [`${method} ${route} ${category}`, value]),
  )
}

function sorted(table: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1))
}
