import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterAll, onTestFinished } from 'vitest'
import { pauseAfter } from '../support/until.ts'

/** Clusters in processes of their own, as users run them. */

const FIXTURE = fileURLToPath(new URL('./fixtures/cluster.mjs', import.meta.url))

export interface Start {
  /** The program. @default the fixture of processes */
  readonly program?: string
  readonly options?: object
  readonly env?: Readonly<Record<string, string>>
  /** Gives it a process group of its own, as a terminal does. */
  readonly group?: boolean
  /** The begin of a command line that runs it: with other rights, limits or mounts. */
  readonly through?: readonly string[]
}

/** Starts a cluster that ends with the test, if not before. */
export function startProcess(start: Start = {}): Running {
  const running = spawnCluster(start)
  onTestFinished(() => running.end())
  return running
}

function spawnCluster({ program = FIXTURE, options = {}, env = {}, group = false, through = [] }: Start): Running {
  const [command = '', ...args] = [...through, process.execPath, program]
  const child = spawn(command, args, {
    env: { ...process.env, CLUSTER_OPTIONS: JSON.stringify(options), ...env },
    detached: group,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  return new Running(child)
}

/** Starts a cluster, and resolves when all of its workers listen and its metrics can be had. */
export async function startReady(start: Start = {}): Promise<Running> {
  const running = startProcess(withMetrics(start))
  await untilReady(running)
  return running
}

/**
 * One cluster for the tests of a file or of a group that do not disturb each other: a process takes longer to start than
 * most of what they look at. It starts when the first of them asks for it, and ends after the last, if not before.
 */
export function startShared(start: () => Start = () => ({})): () => Promise<Running> {
  let running: Running | undefined
  afterAll(() => running?.end())
  return async () => {
    running ??= spawnCluster(withMetrics(start()))
    await untilReady(running)
    return running
  }
}

function withMetrics(start: Start): Start {
  const workers = start.program === undefined ? { workers: 2 } : {}
  return { ...start, options: { ...workers, metrics: { port: 0 }, ...start.options } }
}

async function untilReady(running: Running): Promise<void> {
  await running.said('metrics')
  await running.said('ready')
  await running.said('app')
}

export interface Response {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Lets workers of the fixtures answer what they hold: requests for /held. */
export function release(...workers: readonly number[]): void {
  for (const worker of workers) {
    try {
      process.kill(worker, 'SIGWINCH')
    } catch {
      // It held nothing, and has ended.
    }
  }
}

/** One request on a connection of its own, so that the workers take turns. Rejects when it takes too long. */
export function get(url: string, { method = 'GET', timeoutMs = 20_000, headers = {} } = {}): Promise<Response> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const sent = request(url, { method, headers, agent: false, signal }, async answer => {
      try {
        let body = ''
        for await (const piece of answer.setEncoding('utf8')) body += piece
        resolve({ status: answer.statusCode ?? 0, body, headers: answer.headers })
      } catch (error) {
        reject(error)
      }
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** Waits until `find` answers something; rejects after the deadline with `what` was missing. */
export async function until<T>(what: string, find: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + WAIT_MS
  for (let look = 0; ; look++) {
    const found = await find()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`Waited ${WAIT_MS / 1000} s for ${what}`)
    await new Promise(resolve => setTimeout(resolve, pauseAfter(look)))
  }
}

/** Longer than a busy machine takes. */
const WAIT_MS = 40_000

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

export class Running {
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>

  constructor(child: ChildProcess) {
    this.#child = child
    child.stdout?.setEncoding('utf8').on('data', text => {
      this.stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', text => {
      this.stderr += text
    })
    this.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  /** What the process has said under `key`, each time that it did. */
  all(key: string): unknown[] {
    const lines = this.stdout.split('\n').slice(0, -1)
    return lines.map(line => JSON.parse(line)[key]).filter(value => value !== undefined)
  }

  said(key: string): Promise<unknown> {
    return until(`${key}; stderr: ${this.stderr}`, () => this.all(key)[0])
  }

  metricsUrl(path = '/metrics'): string {
    return (this.all('metrics')[0] as { url: string }).url + path
  }

  /** Where the application listens: elsewhere again once all of its workers had gone, since it takes any port. */
  appUrl(path = '/'): string {
    return `http://127.0.0.1:${this.all('app').at(-1)}${path}`
  }

  async scrape(): Promise<Samples> {
    return new Samples((await get(this.metricsUrl())).body)
  }

  /** The pid of the worker in a slot, as the metrics tell it. */
  async pidOf(worker: number): Promise<number | undefined> {
    const info = new RegExp(`^promherd_worker_info\\{worker="${worker}",pid="(\\d+)"`, 'm')
    const pid = info.exec((await this.scrape()).text)?.[1]
    return pid === undefined ? undefined : Number(pid)
  }

  /** Calls a method of the cluster in its primary, and answers what it answers; rejects with what it throws. */
  async call(method: string, ...args: unknown[]): Promise<unknown> {
    const answered = once(this.#child, 'message')
    this.#child.send([method, ...args])
    const [{ answer, error }] = await answered
    if (error !== undefined) throw new Error(error)
    return answer
  }

  /** Waits until a series has a value. */
  async sees(series: string, value: number): Promise<Samples> {
    return until(`${series} ${value}; stderr: ${this.stderr}`, async () => {
      const samples = await this.scrape()
      return samples.value(series) === value ? samples : undefined
    })
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Sends a signal to the primary and the workers at once, as Ctrl-C does. */
  signalGroup(name: NodeJS.Signals): void {
    process.kill(-this.pid, name)
  }

  /** Ends it at once, with all that it has made, and waits until it has ended. */
  async end(): Promise<void> {
    this.signal('SIGQUIT')
    const deadline = setTimeout(() => this.signal('SIGKILL'), 10_000)
    await this.ended
    clearTimeout(deadline)
  }
}

/** The samples of one scrape. */
export class Samples {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** The names of all series, sorted; the pid, which is another for each process, is left out. */
  get series(): string[] {
    const lines = this.text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
    return lines.map(line => line.slice(0, line.lastIndexOf(' ')).replace(/pid="\d+"/, 'pid')).sort()
  }

  /** How often workers were restarted, by reason; reasons without any are left out. */
  get restarts(): Record<string, number> {
    const restarts: Record<string, number> = {}
    for (const [, reason, count] of this.text.matchAll(
      /^promherd_worker_restarts_total\{.*reason="(\w+)"\} (\d+)$/gm,
    )) {
      if (count !== '0') restarts[reason!] = (restarts[reason!] ?? 0) + Number(count)
    }
    return restarts
  }

  /** The value of a series, written as Prometheus writes it; undefined where there is none. */
  value(series: string): number | undefined {
    const line = this.text.split('\n').find(each => each.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.slice(series.length + 1))
  }
}
