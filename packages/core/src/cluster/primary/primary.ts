import { setTimeout as wait } from 'node:timers/promises'
import { Warner } from '../../base/warner.ts'
import { within } from '../../base/within.ts'
import { SIGNAL_NAMES, type SignalName } from '../../definitions/metrics.ts'
import { Herd } from '../../herd/herd.ts'
import { ProcessStats } from '../../herd/metrics/process-stats.ts'
import { endHerd, offerHerd, type ProcessHerd } from '../../herd/process-herd.ts'
import { clearAbandoned, removeAbandonedDirectories } from '../../herd/processes/abandoned.ts'
import { removeQuietly, startHerd } from '../../herd/start-herd.ts'
import { offerDefaultMonitor } from '../../monitor/default-monitor.ts'
import { internalsOf } from '../../monitor/internals.ts'
import { createMonitor, type Monitor } from '../../monitor/monitor.ts'
import { Maintenance } from '../../server/maintenance.ts'
import { MetricsServer } from '../../server/metrics-server.ts'
import type { Store } from '../../store/store.ts'
import type { Cluster, WorkerStatus } from '../cluster.ts'
import { isWorkers, type ResolvedClusterOptions } from '../options.ts'
import { exitCodeOf, exitCodeOfSignal, isEnding, onSignals } from '../signals.ts'
import type { Exit, Spawner } from '../spawned.ts'
import { HangWatch } from './hang-watch.ts'
import { HeldNumbers } from './held-numbers.ts'
import { Hooks } from './hooks.ts'
import { Journal } from './primary-metrics.ts'
import { Shelter } from './shelter.ts'
import { Crew } from './worker-pool.ts'

/**
 * The primary: owns the directory, the workers and the metrics port, and handles signals. It is the leader of the
 * directory, and worker 0 of the herd.
 */
export class Primary implements Cluster {
  readonly metrics: MetricsServer | undefined
  readonly ready: Promise<void>
  readonly #options: ResolvedClusterOptions
  /** Undefined if none can be created for now. */
  readonly #directory: string | undefined
  /** The directories that are removed at the end. */
  readonly #made: string[]
  readonly #shelter: Shelter
  readonly #herd: Herd
  readonly #numbers: HeldNumbers
  readonly #processStats = new ProcessStats(message => this.#store.reportError('process_stats', message))
  readonly #monitor: Monitor
  /** The store of the monitor. */
  readonly #store: Store
  /** The herd as other parts of this process read it. */
  readonly #offered: ProcessHerd
  readonly #journal: Journal
  readonly #maintenance: Maintenance
  readonly #crew: Crew
  readonly #hooks: Hooks
  readonly #warner: Warner
  readonly #hangWatch: HangWatch | undefined
  readonly #offSignals: () => void
  readonly #stopFigures: (() => void) | undefined
  readonly #onExit = (): void => this.#leave()
  #closing: Promise<void> | undefined
  #exitCode = 0
  /** How the first program exited that did not exit with code 0 when the cluster was closed. */
  #ownEnd: Exit | undefined
  /** True while only the first worker is started. */
  #isLeading = false

  /**
   * Starts everything; `spawner` defines how workers with stores in that directory are started, `figures` which metrics
   * the primary records about its own process.
   * @throws ERR_PROMHERD_DIRECTORY, ERR_PROMHERD_PRIMARY_EXISTS
   */
  constructor(
    options: ResolvedClusterOptions,
    spawner: (directory: string) => Spawner,
    figures?: (store: Store) => () => void,
  ) {
    this.#options = options
    const warner = new Warner(options.onWarning)
    this.#warner = warner
    if (options.directory === undefined) removeAbandonedDirectories()
    this.#herd = new Herd({
      directory: undefined,
      processStats: this.#processStats,
      onError: (cause, message) => warner.logOnce(cause, message),
    })
    const { directory: path, sharedDirectory: shared } = options
    const { made, error } = startHerd(this.#herd, path === undefined ? undefined : { path, shared })
    this.#directory = this.#herd.directories[0]
    this.#made = made
    this.#shelter = new Shelter(this.#herd, warner, made, workers => this.#journal.lackStores(workers))
    this.#numbers = new HeldNumbers(this.#directory)
    this.#numbers.hold(options.workers)
    process.on('exit', this.#onExit)
    const onWarning = (message: string): void => warner.log(message)
    const storage = this.#directory === undefined ? ({ storage: 'memory' } as const) : { directory: this.#directory }
    this.#monitor = createMonitor({ ...storage, sharedDirectory: shared, worker: 0, onWarning })
    this.#store = internalsOf(this.#monitor).store
    this.#herd.include(this.#store)
    if (error !== undefined) this.#store.reportError('store_unavailable', error)
    offerDefaultMonitor(this.#monitor)
    this.#stopFigures = figures && sampleEvery(this.#monitor, figures(this.#store))
    const signals = SIGNAL_NAMES.filter(name => name !== 'USR1' || options.handleSigusr1)
    this.#journal = new Journal(this.#store, options.workers, signals)
    this.#hooks = new Hooks(options.hooks, warner, () => this.#journal.hookFailed())
    this.#maintenance = new Maintenance(this.#herd)
    let complete: () => void = () => {}
    this.ready = new Promise(resolve => {
      complete = resolve
    })
    this.#crew = this.#makeCrew(spawner(this.#directory ?? ''), () => {
      if (!this.#isLeading || this.#crew.size >= options.workers) complete()
    })
    this.metrics = this.#serve(warner)
    this.#offered = { snapshot: () => this.#gather().then(() => this.#herd.snapshot()), store: this.#store }
    offerHerd(this.#offered)
    this.#offSignals = onSignals(signals, name => this.#signalled(name))
    this.#hangWatch = this.#watchHangs()
    this.#processStats.watch(() => this.#herd.members)
    void this.#hooks.call('onStarting')
    void this.ready.then(() => this.#hooks.call('onReady'))
    void this.#start()
  }

  get workers(): WorkerStatus[] {
    return this.#crew.workers
  }

  reload(): Promise<boolean> {
    return this.#crew.reload()
  }

  async scale(workers: number): Promise<void> {
    isWorkers('workers', workers)
    if (!this.#crew.isClosed) {
      this.#journal.wants(workers)
      this.#numbers.hold(workers)
    }
    await this.#crew.scale(workers)
  }

  close(): Promise<void> {
    return this.#closeOnce()
  }

  #makeCrew({ spawn, stopAccepting }: Spawner, onComplete: () => void): Crew {
    const { drainTimeoutMs, startTimeoutMs } = this.#options
    return new Crew({
      onStorage: (handle, lack) => this.#shelter.hear(handle, lack),
      onCut: ({ slot }, reason, connections) => this.#journal.cutOff(slot, reason, connections),
      spawn,
      stopAccepting,
      warner: this.#warner,
      drainTimeoutMs,
      startTimeoutMs,
      onComplete,
      onStart: ({ slot, pid, thread }) =>
        void this.#hooks.call('onWorkerStart', { worker: slot, pid, ...(thread && { thread }) }),
      onExit: exit => {
        void this.#maintenance.now()
        void this.#hooks.call('onWorkerExit', exit)
      },
      onOwnEnd: exit => {
        if (exit.code !== 0) this.#ownEnd ??= exit
      },
      onRestart: (worker, reason) => this.#journal.restarted(worker, reason),
    })
  }

  async #start(): Promise<void> {
    const { leadMs, settleMs, workers } = this.#options
    this.#isLeading = leadMs > 0
    if (this.#isLeading) {
      await within(leadMs, this.#crew.scale(1))
      if (workers > 1) await wait(settleMs, undefined, { ref: false })
    }
    this.#isLeading = false
    // Otherwise a signal has changed the number of workers in the meantime.
    if (this.#crew.size <= 1) await this.#crew.scale(workers)
  }

  #watchHangs(): HangWatch | undefined {
    const { hangTimeoutMs } = this.#options
    if (hangTimeoutMs === 0) return undefined
    const onHang = (stores: ReadonlySet<number>): void => this.#crew.abort(stores)
    return new HangWatch({ herd: this.#herd, maintenance: this.#maintenance, hangTimeoutMs, onHang })
  }

  #serve(warner: Warner): MetricsServer | undefined {
    if (this.#options.metrics === undefined) return undefined
    return new MetricsServer({
      ...this.#options.metrics,
      source: this.#herd,
      beforeSnapshot: () => this.#gather(),
      readiness: () => this.#crew.whyNotReady ?? this.#shelter.whyIncomplete ?? this.#herd.problem,
      warner,
    })
  }

  /**
   * Collects the primary's own metrics, scans the processes of the workers, and retires those that have exited. None of
   * it can delay a snapshot for longer than the deadline.
   */
  async #gather(): Promise<void> {
    const { members } = this.#herd
    const work = [this.#monitor.collect(), this.#processStats.sample(members)]
    await within(COLLECT_DEADLINE_MS, Promise.all(work))
    await this.#maintenance.now()
  }

  #signalled(name: SignalName): void {
    this.#journal.signalled(name)
    void this.#hooks.call('onSignal', name)
    if (isEnding(name)) this.#end(name)
    else if (this.#closing === undefined) this.#change(name)
    else this.#warner.log(`SIG${name} came while the workers are being ended: nothing is done.`)
  }

  #change(name: SignalName): void {
    const { size } = this.#crew
    if (name === 'HUP') void this.reload()
    if (name === 'TTIN') this.#scaleTo(size + 1)
    if (name === 'TTOU') this.#scaleTo(size - 1)
  }

  #scaleTo(workers: number): void {
    if (workers < 1) this.#warner.log('SIGTTOU came to the last worker: it stays. Send SIGTERM to end it, too.')
    else this.scale(workers).catch((error: Error) => this.#warner.log(error.message))
  }

  #end(name: Parameters<typeof exitCodeOf>[0]): void {
    if (name === 'QUIT' || this.#closing !== undefined) {
      this.#exitCode = exitCodeOf(name)
      this.#crew.kill()
    }
    // The last signal determines the exit code.
    void this.#closeOnce([`SIG${name}`]).then(() => this.#exit())
  }

  /** Exits in the same way as the program, if that exited by itself. */
  #exit(): void {
    const { signal = null, code = 0 } = this.#ownEnd ?? {}
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
    await this.#crew.drain(signals)
    await endHerd(this.#offered, this.#exitCode !== 0)
    // Last, so that the final values of the workers can still be read.
    await this.metrics?.close()
    await within(EXIT_HOOK_DEADLINE_MS, this.#hooks.call('onExit'))
    this.#hangWatch?.stop()
    this.#processStats.stop()
    this.#maintenance.stop()
    this.#shelter.stop()
    this.#offSignals()
    this.#stopFigures?.()
    await this.#herd.close()
    await this.#monitor.close()
    if (this.#options.directory !== undefined) clearAbandoned(this.#options.directory)
    process.off('exit', this.#onExit)
    this.#leave()
  }

  /** Kills remaining workers, and removes all directories that were created here. */
  #leave(): void {
    this.#crew?.kill()
    this.#numbers?.hold(0)
    for (const directory of this.#made ?? []) removeQuietly(directory)
  }
}

/** How long a snapshot waits for the values of the primary and of the kernel. */
const COLLECT_DEADLINE_MS = 100
const EXIT_HOOK_DEADLINE_MS = 5000
const SIGNAL_DEADLINE_MS = 1000
const SAMPLE_INTERVAL_MS = 1000

/**
 * Takes a sample before numbers are read, and regularly for readers outside this process. Returns a function that stops
 * it.
 */
function sampleEvery(monitor: Monitor, sample: () => void): () => void {
  monitor.addCollector(sample)
  const timer = setInterval(sample, SAMPLE_INTERVAL_MS).unref()
  return () => clearInterval(timer)
}
