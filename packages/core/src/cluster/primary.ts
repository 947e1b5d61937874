import { rmSync } from 'node:fs'
import { promherdError } from '../errors.ts'
import { removeAbandonedDirectories } from '../herd/abandoned.ts'
import { makeDirectory, useDirectory } from '../herd/directory.ts'
import { Herd } from '../herd/herd.ts'
import type { SignalName } from '../metrics.ts'
import { createMonitor, type Monitor, offerDefaultMonitor } from '../monitor.ts'
import { MetricsServer } from '../server/metrics-server.ts'
import type { HerdServer } from '../server/serve-herd.ts'
import { Upkeep } from '../server/upkeep.ts'
import { Warner } from '../server/warner.ts'
import { Crew, type WorkerStatus } from './crew.ts'
import { Journal } from './journal.ts'
import type { ResolvedClusterOptions } from './options.ts'
import { exitCodeOf, onSignals } from './signals.ts'

/** A running cluster, in the hands of its primary. */
export interface Cluster {
  /** What each worker is doing now. */
  readonly workers: readonly WorkerStatus[]
  /** The metrics port; undefined where none was wanted. */
  readonly metrics: HerdServer | undefined
  /** Resolves when all workers listen for the first time. Stays open while they do not. */
  readonly ready: Promise<void>
  /** Drains the workers, then closes the metrics port. The process goes on. */
  close(): Promise<void>
}

/**
 * The primary: owns the directory, the workers and the metrics port, and answers signals. It is the keeper of the
 * herd, and worker 0 in it.
 */
export class Primary implements Cluster {
  readonly metrics: MetricsServer | undefined
  readonly ready: Promise<void>
  readonly #options: ResolvedClusterOptions
  readonly #directory: string
  readonly #herd: Herd
  readonly #monitor: Monitor
  readonly #journal: Journal
  readonly #upkeep: Upkeep
  readonly #crew: Crew
  readonly #offSignals: () => void
  readonly #onExit = (): void => this.#leave()
  #closing: Promise<void> | undefined
  #exitCode = 0

  /** Starts everything. @throws ERR_PROMHERD_DIRECTORY, ERR_PROMHERD_KEEPER */
  constructor(options: ResolvedClusterOptions) {
    this.#options = options
    const warner = new Warner(options.onWarning)
    if (options.directory === undefined) removeAbandonedDirectories()
    this.#directory = options.directory ?? makeDirectory()
    this.#herd = keptHerd(this.#directory, warner)
    process.on('exit', this.#onExit)
    this.#monitor = createMonitor({ directory: this.#directory, worker: 0, onWarning: message => warner.say(message) })
    offerDefaultMonitor(this.#monitor)
    this.#journal = new Journal(this.#monitor.store, options.workers)
    this.#upkeep = new Upkeep(this.#herd, warner)
    let complete: () => void = () => {}
    this.ready = new Promise(resolve => {
      complete = resolve
    })
    this.#crew = new Crew({
      workers: options.workers,
      directory: this.#directory,
      warner,
      onComplete: complete,
      onDeath: () => void this.#upkeep.now(),
      onRestart: (worker, reason) => this.#journal.restarted(worker, reason),
    })
    this.metrics = this.#serve(warner)
    this.#offSignals = onSignals(name => this.#signalled(name))
    this.#crew.start()
  }

  get workers(): WorkerStatus[] {
    return this.#crew.workers
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #serve(warner: Warner): MetricsServer | undefined {
    if (this.#options.metrics === undefined) return undefined
    return new MetricsServer({
      ...this.#options.metrics,
      source: this.#herd,
      beforeSnapshot: () => this.#gather(),
      readiness: () => this.#crew.whyNotReady,
      warner,
    })
  }

  /** What workers keep elsewhere comes in, and who died is retired. No worker can hold it up for longer than this. */
  async #gather(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<void>(resolve => {
      timer = setTimeout(resolve, COLLECT_DEADLINE_MS)
    })
    await Promise.race([Promise.all([this.#crew.collect(), this.#monitor.collect()]), deadline])
    clearTimeout(timer)
    await this.#upkeep.now()
  }

  #signalled(name: SignalName): void {
    this.#journal.signalled(name)
    if (name === 'QUIT' || this.#closing !== undefined) {
      this.#exitCode = exitCodeOf(name)
      this.#crew.kill()
    }
    // Whichever signal came last says how the process ended.
    void this.close().then(() => process.exit(this.#exitCode))
  }

  async #close(): Promise<void> {
    await this.#crew.drain(this.#options.drainTimeoutMs)
    // Last, so that what the workers did until their end can still be read.
    await this.metrics?.close()
    this.#upkeep.stop()
    this.#offSignals()
    await this.#herd.close()
    await this.#monitor.close()
    process.off('exit', this.#onExit)
    this.#leave()
  }

  /** Nobody is left behind, and nothing of ours. */
  #leave(): void {
    this.#crew?.kill()
    if (this.#options.directory === undefined) rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** How long a snapshot waits for the workers to bring their numbers up to date. */
const COLLECT_DEADLINE_MS = 100

function keptHerd(directory: string, warner: Warner): Herd {
  useDirectory(directory)
  const herd = new Herd({ directory, onTrouble: (cause, message) => warner.sayOnce(cause, message) })
  const other = herd.keep({ fresh: true })
  if (other !== undefined) throw promherdError('ERR_PROMHERD_KEEPER', directory, other.heldBy)
  return herd
}
