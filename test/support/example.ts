import { join } from 'node:path'
import { ROOT, type RunningProcess, startProcess } from './process.ts'
import { freePort } from './resources.ts'
import { type Sample, scrape, sum } from './samples.ts'
import { until } from './until.ts'

/** The examples of the repository, by their folder. */
export const EXAMPLES = ['express', 'fastify', 'koa', 'hono', 'node-http'] as const
export type Example = (typeof EXAMPLES)[number]

/** An example that runs. */
export interface RunningExample {
  /** Where the application answers. */
  readonly url: string
  /** Where its metrics are. */
  readonly metricsUrl: string
  readonly process: RunningProcess
  scrape(): Promise<Sample[]>
  /** @default SIGTERM */
  stop(signal?: NodeJS.Signals): Promise<unknown>
}

/** Starts an example as one process, as its README does. */
export async function startAlone(example: Example): Promise<RunningExample> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  return start(
    example,
    ['app.js'],
    { url, metricsUrl: `${url}/metrics`, env: { PORT: String(port) } },
    async running => {
      await running.scrape()
      return true
    },
  )
}

/** Starts an example as one process with the preload, which serves the metrics on a port of its own. */
export async function startPreloaded(example: Example): Promise<RunningExample> {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${port}`
  const where = {
    url,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    env: { PORT: String(port), PROMETHEUS_METRICS_PORT: String(metricsPort) },
  }
  return start(example, ['--import', '@promherd/core/auto', 'app.js'], where, async running => {
    await running.scrape()
    return running.process.output().includes('listening on')
  })
}

/** Starts an example under the cluster helper, as its README does, and waits until all workers listen. */
export async function startClustered(
  example: Example,
  workers: number,
  more: Readonly<Record<string, string>> = {},
): Promise<RunningExample> {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const env = {
    PORT: String(port),
    PROMETHEUS_METRICS_PORT: String(metricsPort),
    WEB_CONCURRENCY: String(workers),
    ...more,
  }
  const where = { url: `http://127.0.0.1:${port}`, metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`, env }
  return start(example, ['cluster.js'], where, async running => {
    return sum(await running.scrape(), 'promherd_workers', { state: 'running' }) === workers
  })
}

async function start(
  example: Example,
  args: readonly string[],
  where: { url: string; metricsUrl: string; env: Record<string, string> },
  isReady: (running: RunningExample) => Promise<boolean>,
): Promise<RunningExample> {
  const child = await startProcess(process.execPath, args, {
    cwd: join(ROOT, 'examples', example),
    env: { PROMETHEUS_MULTIPROC_DIR: undefined, ...where.env },
  })
  const running = {
    url: where.url,
    metricsUrl: where.metricsUrl,
    process: child,
    scrape: () => scrape(where.metricsUrl),
    stop: (signal?: NodeJS.Signals) => child.stop(signal),
  }
  try {
    await until(() => isReady(running), { what: `the ${example} example to be ready`, deadlineMs: 30_000 })
  } catch (error) {
    await running.stop()
    throw new Error(`${String(error)}\n${child.output()}`, { cause: error })
  }
  return running
}
