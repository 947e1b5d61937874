import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { CLEAN, COMMAND } from '../cli/running.ts'
import { ROOT } from '../support/process.ts'
import { until } from '../support/until.ts'

/**
 * One program, run with promherd and without. Compared are its log, what its clients receive, and how
 * and when it ends. A program logs `port <number>` for each port once it listens there.
 */

/** How a program is run: by `node`, or by the command in workers or threads. */
export type Way = 'node' | 'start' | 'threads'

export interface ProgramOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Starts it in its own process group, as a terminal does. */
  readonly group?: boolean
  /** The number of workers of the command. @default 1 */
  readonly workers?: number
  /** More options of the command. */
  readonly words?: readonly string[]
  /** @default the root of the workspace */
  readonly cwd?: string
}

/** How a program ended. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class RunningProgram {
  stdout = ''
  stderr = ''
  /** Resolves when it has ended and its output is complete. */
  readonly ended: Promise<Ending>
  readonly #child: ChildProcess
  #signalledAt = 0
  #endedAt = 0

  constructor(child: ChildProcess) {
    this.#child = child
    child.stdout?.setEncoding('utf8').on('data', text => {
      this.stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', text => {
      this.stderr += text
    })
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.#endedAt = performance.now()
      return { code, signal }
    })
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  /** The lines that it has logged, without its ports. */
  get log(): string[] {
    return this.stdout.split('\n').filter(line => line !== '' && !line.startsWith('port '))
  }

  get ports(): number[] {
    return [...this.stdout.matchAll(/^port (\d+)$/gm)].map(([, port]) => Number(port))
  }

  /** The time from the signal to the exit. */
  get endingMs(): number {
    return this.#endedAt - this.#signalledAt
  }

  /** Resolves when it listens on `count` ports. */
  async listening(count = 1): Promise<number> {
    const hasEnded = this.ended.then(() => true)
    await until(async () => this.ports.length >= count || (await Promise.race([hasEnded, false])), {
      what: `a port of the program; it wrote ${this.stderr}`,
      deadlineMs: 60_000,
    })
    if (this.ports.length < count) throw new Error(`The program ended before it listened: ${this.stderr}`)
    return this.ports[0]!
  }

  signal(name: NodeJS.Signals): void {
    this.#signalledAt = performance.now()
    this.#child.kill(name)
  }

  /** Sends a signal to the whole process group, as Ctrl-C does. */
  signalGroup(name: NodeJS.Signals): void {
    this.#signalledAt = performance.now()
    process.kill(-this.pid, name)
  }
}

/** Starts a program. It is stopped at the end of the test if it is still running. */
export function startProgram(way: Way, file: string, options: ProgramOptions = {}): RunningProgram {
  const { args = [], env = {}, group = false, cwd = ROOT } = options
  const child = spawn(process.execPath, [...wordsOf(way, file, options), ...args], {
    cwd,
    env: { ...process.env, ...CLEAN, ...WITHOUT_NPM, PROMETHEUS_METRICS_PORT: '0', ...env },
    detached: group,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const running = new RunningProgram(child)
  onTestFinished(async () => {
    child.kill('SIGQUIT')
    const deadline = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await running.ended
    clearTimeout(deadline)
  })
  return running
}

function wordsOf(way: Way, file: string, { workers = 1, words = [] }: ProgramOptions): string[] {
  if (way === 'node') return [file]
  const kind = way === 'threads' ? '--threads' : '--workers'
  return [COMMAND, 'start', file, kind, String(workers), '--port', '0', ...words, '--']
}

/** npm sets these for its scripts, and the command reads them. */
const WITHOUT_NPM = { npm_execpath: undefined, npm_lifecycle_event: undefined, npm_config_user_agent: undefined }
