import { setTimeout as wait } from 'node:timers/promises'
import { waitAtMost } from '../../base/wait-at-most.ts'
import { Warner } from '../../base/warner.ts'
import { SIGNAL_NAMES, type SignalName } from '../../definitions/label-values.ts'
import { MetricsServer } from '../../server/metrics-server.ts'
import type { Store } from '../../store/store.ts'
import type { Exit, Spawner } from '../child.ts'
import type { Cluster, WorkerStatus } from '../cluster.ts'
import { isWorkers, type ResolvedClusterOptions } from '../options.ts'
import { exitCodeOf, exitCodeOfSignal, isEnding, onSignals } from '../signals.ts'
import { HangDetector } from './hang-detector.ts'
import { Hooks } from './hooks.ts'
import { PrimaryHerd } from './primary-herd.ts'
import { WorkerPool } from './worker-pool.ts'

/** The primary of a cluster: starts and ends the workers, serves the metrics, and handles signals. */
export class Primary implements Cluster {
  readonly metrics: MetricsServer | undefined
  readonly ready: Promise<void>
  readonly #options: ResolvedClusterOptions
  readonly #herd: PrimaryHerd
  readonly #pool: WorkerPool
  readonly #hooks: Hooks
  readonly #warner: Warner
  readonly #hangDetector: HangDetector | undefined
  readonly #offSignals: () => void
  #closing: Promise<void> | undefined
  #exitCode = 0
  /** How the first program exited that did not exit with code 0 when the cluster was closed. */
  #ownExit: Exit | undefined
  /** True while only the first worker is started. */
  #isLeading = false

  /**
   * Starts everything. `spawner` returns the spawner of workers that have their stores in a directory, `sampler` the
   * sampler of the primary's own process.
   * @throws ERR_PROMHERD_DIRECTORY, ERR_PROMHERD_PRIMARY_EXISTS
   */
  constructor(
    options: ResolvedClusterOptions,
    spawner: (directory: string) => Spawner,
    sampler?: (store: Store) => () => void,
  ) {
    this.#options = options
    const warner = new Warner(options.onWarning)
    this.#warner = warner
    const signals = SIGNAL_NAMES.filter(name => name !== 'USR1' || options.handleSigusr1)
    const beforeRemoval = (): void => this.#pool?.kill()
    this.#herd = new PrimaryHerd(options, { warner, signals, sampler, beforeRemoval })
    this.#hooks = new Hooks(options.hooks, warner, () => this.#herd.metrics.countHookError())
    let onReady: () => void = () => {}
    this.ready = new Promise(resolve => {
      onReady = resolve
    })
    this.#pool = this.#createPool(spawner(this.#herd.directory ?? ''), () => {
      if (!this.#isLeading || this.#pool.size >= options.workers) onReady()
    })
    this.metrics = this.#serve(warner)
    this.#herd.start()
    this.#offSignals = onSignals(signals, name => this.#signalled(name))
    this.#hangDetector = this.#detectHangs()
    void this.#hooks.call('onStarting')
    void this.ready.then(() => this.#hooks.call('onReady'))
    void this.#start()
  }

  get workers(): WorkerStatus[] {
    return this.#pool.workers
  }

  reload(): Promise<boolean> {
    return this.#pool.reload()
  }

  async scale(workers: number): Promise<void> {
    isWorkers('workers', workers)
    if (!this.#pool.isClosed) this.#herd.setTarget(workers)
    await this.#pool.scale(workers)
  }

  close(): Promise<void> {
    return this.#closeOnce()
  }

  #createPool({ spawn, stopAccepting }: Spawner, onComplete: () => void): WorkerPool {
    const { drainTimeoutMs, startTimeoutMs } = this.#options
    const { fallback, maintenance, metrics } = this.#herd
    return new WorkerPool({
      onStorage: (handle, missingReason) => fallback.report(handle, missingReason),
      onCut: ({ number }, reason, connections) => metrics.countCut(number, reason, connections),
      spawn,
      stopAccepting,
      warner: this.#warner,
      drainTimeoutMs,
      startTimeoutMs,
      onComplete,
      onStart: ({ number, pid, thread }) =>
        void this.#hooks.call('onWorkerStart', { worker: number, pid, ...(thread && { thread }) }),
      onExit: exit => {
        void maintenance.now()
        void this.#hooks.call('onWorkerExit', exit)
      },
      onOwnExit: exit => {
        if (exit.code !== 0) this.#ownExit ??= exit
      },
      onRestart: (worker, reason) => metrics.countRestart(worker, reason),
    })
  }

  async #start(): Promise<void> {
    const { leadMs, settleMs, workers } = this.#options
    this.#isLeading = leadMs > 0
    if (this.#isLeading) {
      await waitAtMost(leadMs, this.#pool.scale(1))
      if (workers > 1) await wait(settleMs, undefined, { ref: false })
    }
    this.#isLeading = false
    // Otherwise a signal has changed the number of workers in the meantime.
    if (this.#pool.size <= 1) await this.#pool.scale(workers)
  }

  #detectHangs(): HangDetector | undefined {
    const { hangTimeoutMs } = this.#options
    if (hangTimeoutMs === 0) return undefined
    const { herd, maintenance } = this.#herd
    return new HangDetector({ herd, maintenance, hangTimeoutMs, onHang: stores => this.#pool.abort(stores) })
  }

  #serve(warner: Warner): MetricsServer | undefined {
    if (this.#options.metrics === undefined) return undefined
    return new MetricsServer({
      ...this.#options.metrics,
      source: this.#herd.herd,
      beforeSnapshot: () => this.#herd.gather(),
      readiness: () => this.#pool.whyNotReady ?? this.#herd.whyIncomplete,
      warner,
    })
  }

  #signalled(name: SignalName): void {
    this.#herd.metrics.countSignal(name)
    void this.#hooks.call('onSignal', name)
    if (isEnding(name)) this.#end(name)
    else if (this.#closing === undefined) this.#change(name)
    else this.#warner.log(`SIG${name} is ignored, because the workers are being ended.`)
  }

  #change(name: SignalName): void {
    const { size } = this.#pool
    if (name === 'HUP') void this.reload()
    if (name === 'TTIN') this.#scaleTo(size + 1)
    if (name === 'TTOU') this.#scaleTo(size - 1)
  }

  #scaleTo(workers: number): void {
    if (workers < 1)
      this.#warner.log('SIGTTOU is ignored, because only one worker is left. Send SIGTERM to end the cluster.')
    else this.scale(workers).catch((error: Error) => this.#warner.log(error.message))
  }

  #end(name: Parameters<typeof exitCodeOf>[0]): void {
    if (name === 'QUIT' || this.#closing !== undefined) {
      this.#exitCode = exitCodeOf(name)
      this.#pool.kill()
    }
    // The last signal determines the exit code.
    void this.#closeOnce([`SIG${name}`]).then(() => this.#exit())
  }

  /** Exits in the same way as the program, if that exited by itself. */
  #exit(): void {
    const { signal = null, code = 0 } = this.#ownExit ?? {}
    if (this.#exitCode === 0 && signal !== null) {
      process.kill(process.pid, signal)
      // If this process listens for the signal, or its default action is to do nothing.
      setTimeout(() => process.exit(exitCodeOfSignal(signal)), SIGNAL_DEADLINE_MS)
      return
    }
    process.exit(this.#exitCode || code || 0)
  }

  #closeOnce(signals?: readonly NodeJS.Signals[]): Promise<void> {
    this.#closing ??= this.#close(signals)
    return this.#closing
  }

  async #close(signals?: readonly NodeJS.Signals[]): Promise<void> {
    await this.#pool.drain(signals)
    await this.#herd.end(this.#exitCode !== 0)
    // Last, so that the final values of the workers can still be read.
    await this.metrics?.close()
    await waitAtMost(EXIT_HOOK_DEADLINE_MS, this.#hooks.call('onExit'))
    this.#hangDetector?.stop()
    this.#offSignals()
    await this.#herd.close()
  }
}

const EXIT_HOOK_DEADLINE_MS = 5000
const SIGNAL_DEADLINE_MS = 1000
