import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createMonitor, type Monitor } from '@promherd/core'
import type { ForwardOptions, GroupOptions } from '@promherd/redis'
import { serveGroup } from '@promherd/redis'
import { onTestFinished } from 'vitest'
import { Warner } from '../../packages/core/dist/base/warner.js'
import { Forwarder } from '../../packages/core/dist/forward/forwarder.js'
import { RedisSink } from '../../packages/redis/dist/redis-sink.js'
import { parseText, type Sample, sum } from '../support/samples.ts'
import { until } from '../support/until.ts'
import { freePort } from './redis-server.ts'

const FIXTURE = new URL('./fixtures/host.mjs', import.meta.url)

/** A host of two workers in processes of its own. */
export interface ClusterHost {
  readonly metricsUrl: string
  readonly output: () => string
  /** Sends *n* requests, which the workers take in turns. */
  request(count: number): Promise<void>
  /** Ends it, and waits for its end. */
  end(signal: NodeJS.Signals): Promise<void>
}

export async function startHost(options: ForwardOptions): Promise<ClusterHost> {
  const appPort = String(await freePort())
  const env = {
    ...process.env,
    FORWARD_OPTIONS: JSON.stringify(options),
    APP_PORT: appPort,
    PROMETHEUS_MULTIPROC_DIR: undefined,
  }
  const child = fork(FIXTURE, { env, stdio: 'pipe' })
  const exited = once(child, 'exit')
  let output = ''
  child.stderr?.setEncoding('utf8').on('data', text => {
    output += text
  })
  let ready: { metrics: string; app: number } | undefined
  child.on('message', (message: { metrics: string; app: number }) => {
    ready = message
  })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await exited
  }
  onTestFinished(() => end('SIGKILL'))
  const { metrics, app } = await until(() => ready, { what: `a host that is ready; it said: ${output}` })
  return {
    metricsUrl: `${metrics}/metrics`,
    output: () => output,
    async request(count) {
      for (let i = 0; i < count; i++) {
        const response = await fetch(`http://127.0.0.1:${app}/`, { headers: { connection: 'close' } })
        if ((await response.text()) !== 'ok') throw new Error('a request has failed')
      }
    },
    end,
  }
}

/** A host in the process of the test: a monitor whose metrics are forwarded. */
export interface Host {
  readonly monitor: Monitor
  readonly said: string[]
  readonly forwarder: Forwarder
  inc(amount?: number): void
  counted: number
  /** Forwards no more, without a last push: as a host that has crashed. */
  crash(): void
}

export interface HostOptions {
  readonly redis: ForwardOptions['redis']
  readonly group?: string
  readonly prefix?: string
  readonly ttlMs?: number
  readonly intervalMs?: number
  readonly deadlineMs?: number
  readonly monitor?: Monitor
}

export function host(instance: string, options: HostOptions): Host {
  const monitor = options.monitor ?? createMonitor()
  const jobs = monitor.counter({ name: 'jobs_total', help: 'Jobs.', labels: ['queue'] })
  const depth = monitor.gauge({ name: 'depth', help: 'Depth.' })
  depth.set(1)
  const said: string[] = []
  const sink = new RedisSink({
    redis: options.redis,
    prefix: options.prefix ?? 'promherd',
    group: options.group ?? 'shop',
    instance,
    ttlMs: options.ttlMs ?? 1000,
    keepMs: 600_000,
  })
  let isCrashed = false
  let isOver = false
  const gate = {
    name: 'redis',
    start: () => sink.start(),
    push: async (...args: Parameters<RedisSink['push']>) => {
      if (isOver) return
      await (isCrashed ? new Promise<void>(() => {}) : sink.push(...args))
    },
    stop: () => sink.stop(),
  }
  const forwarder = new Forwarder({
    sink: gate,
    intervalMs: options.intervalMs ?? 50,
    deadlineMs: options.deadlineMs ?? 20_000,
    warner: new Warner(message => said.push(message)),
    herd: monitor,
  })
  onTestFinished(async () => {
    isOver = true
    await forwarder.stop()
    await monitor.close()
  })
  const self: Host = {
    monitor,
    said,
    forwarder,
    counted: 0,
    inc(amount = 1) {
      jobs.labels('mail').inc(amount)
      self.counted += amount
    },
    crash() {
      isCrashed = true
    },
  }
  return self
}

/** An exporter of a group, and all that was seen at it: no counter may have fallen. */
export interface Exporter {
  readonly said: string[]
  readonly url: string
  scrape(): Promise<Sample[]>
  /** The sum of the samples of a metric. */
  value(name: string, labels?: Readonly<Record<string, string>>): Promise<number>
  /** Waits until the sum of the jobs is that. */
  untilJobs(count: number, deadlineMs?: number): Promise<void>
  close(): Promise<void>
}

export async function exporter(options: Partial<GroupOptions> & Pick<GroupOptions, 'redis'>): Promise<Exporter> {
  const said: string[] = []
  const server = serveGroup({
    group: 'shop',
    port: 0,
    host: '127.0.0.1',
    aggregate: 'sum',
    timeout: 20,
    ...options,
    onWarning: message => said.push(message),
  })
  let isClosed = false
  const close = async (): Promise<void> => {
    if (!isClosed) await server.close()
    isClosed = true
  }
  onTestFinished(close)
  const { url } = await server.listening
  let highest = 0
  const scrape = async (): Promise<Sample[]> => {
    const response = await fetch(`${url}/metrics`)
    const text = await response.text()
    if (!response.ok) throw new Error(text)
    const samples = parseText(text)
    const jobs = sum(samples, 'jobs_total')
    const isSum = (options.aggregate ?? 'sum') === 'sum'
    if (isSum && jobs < highest) throw new Error(`a counter fell from ${highest} to ${jobs}`)
    highest = Math.max(highest, jobs)
    return samples
  }
  return {
    said,
    url,
    scrape,
    close,
    value: async (name, labels) => sum(await scrape(), name, labels),
    async untilJobs(count, deadlineMs = 20_000) {
      let last = Number.NaN
      await until(
        async () => {
          last = sum(await scrape(), 'jobs_total')
          return last === count
        },
        { what: `${count} jobs`, deadlineMs },
      ).catch(error => {
        throw new Error(`${error.message} The last sum was ${last}.`, { cause: error.cause })
      })
    },
  }
}
