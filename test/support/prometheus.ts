import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningProcess, startProcess } from './process.ts'
import { freePort, temporaryDirectory } from './resources.ts'
import { until } from './until.ts'

/** One series of a query's answer. */
export interface Result {
  readonly metric: Record<string, string>
  readonly value: number
}

/** A Prometheus that scrapes one address every second. */
export interface Prometheus {
  readonly url: string
  query(promql: string): Promise<Result[]>
  /** What it has written to its log, warnings only. */
  log(): string
  stop(): Promise<void>
}

/** Starts one that is ready; `flags` are added to its command line. */
export async function startPrometheus(target: string, flags: readonly string[] = []): Promise<Prometheus> {
  const { host, pathname } = new URL(target)
  const directory = temporaryDirectory()
  const port = await freePort()
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [{ job_name: 'herd', metrics_path: pathname, static_configs: [{ targets: [host] }] }],
  }
  // JSON is YAML too.
  writeFileSync(join(directory.path, 'prometheus.yml'), JSON.stringify(config))
  const running = await startProcess('prometheus', [
    `--config.file=${join(directory.path, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(directory.path, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
    ...flags,
  ])
  const url = `http://127.0.0.1:${port}`
  await untilReady(running, url)
  return {
    url,
    query: promql => query(url, promql),
    log: () => running.output(),
    async stop() {
      await running.stop()
      directory.remove()
    },
  }
}

async function untilReady(running: RunningProcess, url: string): Promise<void> {
  try {
    await until(async () => (await fetch(`${url}/-/ready`)).ok, { what: 'Prometheus to be ready', deadlineMs: 30_000 })
  } catch (error) {
    throw new Error(`${String(error)}\n${running.output()}`, { cause: error })
  }
}

async function query(url: string, promql: string): Promise<Result[]> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(promql)}`)
  const answer = (await response.json()) as { error?: string; data: { result: RawResult[] } }
  if (answer.error !== undefined) throw new Error(answer.error)
  return answer.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
}

interface RawResult {
  readonly metric: Record<string, string>
  readonly value: [at: number, value: string]
}
