import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Example } from '../../support/example.ts'
import { ROOT } from '../../support/process.ts'
import { freePort, temporaryDirectory } from '../../support/resources.ts'
import type { Managed } from '../herd.ts'
import { ENVIRONMENT } from './environment.ts'

/** How a supervisor starts and stops one process. */
export interface Supervision {
  /** The command before `node`. */
  readonly prefix: readonly string[]
  readonly endsWith: NodeJS.Signals
}

/** Starts two processes of an example, each on its own port, and one that serves their metrics. */
export async function supervise(example: Example, supervision: Supervision): Promise<Managed> {
  const directory = temporaryDirectory()
  const ports = [await freePort(), await freePort()]
  const metricsPort = await freePort()
  const common = { PROMETHEUS_MULTIPROC_DIR: directory.path, PROMETHEUS_METRICS_PORT: String(metricsPort) }
  const apps = ports.map(
    port => new Unit(join(ROOT, 'examples', example, 'app.js'), { ...common, PORT: String(port) }, supervision),
  )
  const metrics = new Unit(join(ROOT, 'examples/pm2/metrics.js'), common, supervision)
  return {
    urls: ports.map(port => `http://127.0.0.1:${port}`),
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    workers: apps.length,
    async reload() {
      for (const app of apps) await app.restart()
    },
    async stop() {
      await Promise.all(apps.map(app => app.stop()))
    },
    killOne: () => apps[0]!.restart('SIGKILL'),
    async end() {
      await Promise.all([...apps, metrics].map(unit => unit.stop('SIGKILL')))
      directory.remove()
    },
  }
}

/** One process that is restarted when it exits, as a unit of systemd with `Restart=always`. */
class Unit {
  readonly #command: readonly string[]
  readonly #env: NodeJS.ProcessEnv
  readonly #endsWith: NodeJS.Signals
  readonly #isWrapped: boolean
  #child: ChildProcess
  #isWanted = true

  constructor(script: string, env: Readonly<Record<string, string>>, { prefix, endsWith }: Supervision) {
    this.#command = [...prefix, process.execPath, script]
    this.#env = { ...ENVIRONMENT, ...env }
    this.#endsWith = endsWith
    this.#isWrapped = prefix.length > 0
    this.#child = this.#start()
  }

  /** Stops the process. The `exit` listener starts it again. */
  async restart(signal: NodeJS.Signals = this.#endsWith): Promise<void> {
    const ended = once(this.#child, 'exit')
    process.kill(this.#pid, signal)
    await ended
  }

  async stop(signal: NodeJS.Signals = this.#endsWith): Promise<void> {
    this.#isWanted = false
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    await this.restart(signal)
  }

  /** The pid of `node`. The command before it waits for its exit, so the port is free when that command exits. */
  get #pid(): number {
    const { pid } = this.#child
    if (!this.#isWrapped) return pid!
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim() || pid)
  }

  #start(): ChildProcess {
    const [program, ...args] = this.#command
    const child = spawn(program!, args, {
      env: this.#env,
      stdio: ['ignore', 'ignore', this.#isWrapped ? 'ignore' : 'inherit'],
    })
    child.on('exit', () => {
      if (this.#isWanted) this.#child = this.#start()
    })
    return child
  }
}
