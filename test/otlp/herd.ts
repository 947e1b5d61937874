import { request } from 'node:http'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type RunningProcess, startProcess } from '../support/process.js'
import { type Sample, scrape, select } from '../support/samples.js'
import { until } from '../support/until.js'

export const FIXTURES: string = join(import.meta.dirname, 'fixtures')

/** A herd of two workers in processes of their own that forwards its metrics. */
export class ForwardingHerd {
  readonly process: RunningProcess

  private constructor(process: RunningProcess) {
    this.process = process
  }

  /** Starts one that ends with the test, if not before. */
  static async start(options: object, env: Readonly<Record<string, string>> = {}): Promise<ForwardingHerd> {
    const fixture = join(FIXTURES, 'herd.mjs')
    const process = await startProcess('node', [fixture], { env: { OTLP_OPTIONS: JSON.stringify(options), ...env } })
    onTestFinished(() => process.stop('SIGQUIT').then(() => {}))
    const herd = new ForwardingHerd(process)
    await until(() => herd.#said('app') !== undefined && herd.#said('metrics') !== undefined, {
      what: `a herd that listens; it has written: ${process.output()}`,
      deadlineMs: 60_000,
    })
    return herd
  }

  /** What it has written that is not for the test. */
  get log(): string {
    return this.process
      .output()
      .split('\n')
      .filter(line => !line.startsWith('{'))
      .join('\n')
  }

  #said(key: string): unknown {
    const lines = this.process.output().split('\n').slice(0, -1)
    return lines
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line)[key])
      .findLast(value => value !== undefined)
  }

  /** One request on a connection of its own, so that the workers take turns. */
  get(path = '/'): Promise<number> {
    return new Promise((resolve, reject) => {
      const url = `http://127.0.0.1:${this.#said('app')}${path}`
      request(url, { agent: false }, response => response.resume().on('end', () => resolve(response.statusCode ?? 0)))
        .on('error', reject)
        .end()
    })
  }

  scrape(): Promise<Sample[]> {
    return scrape(`${this.#said('metrics')}/metrics`)
  }

  /** One value of the metrics that this herd serves; undefined where there is none. */
  async value(name: string, labels: Readonly<Record<string, string>>): Promise<number | undefined> {
    return select(await this.scrape(), name, labels)[0]?.value
  }

  /** The pid of a worker. */
  async pidOf(worker: number): Promise<number> {
    const [info] = select(await this.scrape(), 'promherd_worker_info', { worker: String(worker) })
    return Number(info?.labels['pid'])
  }
}
