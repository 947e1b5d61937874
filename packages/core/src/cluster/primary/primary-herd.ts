import { waitAtMost } from '../../base/wait-at-most.ts'
import type { Warner } from '../../base/warner.ts'
import type { SignalName } from '../../definitions/label-values.ts'
import { Herd } from '../../herd/herd.ts'
import { ProcessStats } from '../../herd/metrics/process-stats.ts'
import { endHerd, offerHerd, type ProcessHerd } from '../../herd/process-herd.ts'
import { clearAbandoned, removeAbandonedDirectories } from '../../herd/processes/abandoned.ts'
import { removeQuietly, startHerd } from '../../herd/start-herd.ts'
import { offerDefaultMonitor } from '../../monitor/default-monitor.ts'
import { internalsOf } from '../../monitor/internals.ts'
import { createMonitor, type Monitor } from '../../monitor/monitor.ts'
import { Maintenance } from '../../server/maintenance.ts'
import type { Store } from '../../store/store.ts'
import type { ResolvedClusterOptions } from '../options.ts'
import { FallbackDirectory } from './fallback-directory.ts'
import { PrimaryMetrics } from './primary-metrics.ts'
import { WorkerNumberLocks } from './worker-number-locks.ts'

/**
 * The herd of a cluster, on the primary's side: its directories, of which the primary is the leader, the store of the
 * primary itself, which is worker 0, and the snapshots of all stores.
 */
export class PrimaryHerd {
  readonly herd: Herd
  /** The primary's own metrics. */
  readonly metrics: PrimaryMetrics
  /** Where workers without files can write their stores. */
  readonly fallback: FallbackDirectory
  readonly maintenance: Maintenance
  /** Undefined if none can be created for now. */
  readonly directory: string | undefined
  readonly #options: ResolvedClusterOptions
  /** The directories that are removed at the end. */
  readonly #made: string[]
  readonly #numberLocks: WorkerNumberLocks
  readonly #processStats = new ProcessStats(message => this.#store.reportError('process_stats', message))
  readonly #monitor: Monitor
  /** The store of the monitor. */
  readonly #store: Store
  /** The herd as other parts of this process read it. */
  readonly #offered: ProcessHerd
  readonly #stopSampler: (() => void) | undefined
  readonly #beforeRemoval: () => void
  readonly #onExit = (): void => this.#remove()

  /**
   * Creates the directory and the store. `beforeRemoval` is called when this process exits, before the files are removed.
   * @throws ERR_PROMHERD_DIRECTORY, ERR_PROMHERD_PRIMARY_EXISTS
   */
  constructor(options: ResolvedClusterOptions, { warner, signals, sampler, beforeRemoval }: PrimaryHerdOptions) {
    this.#options = options
    this.#beforeRemoval = beforeRemoval
    if (options.directory === undefined) removeAbandonedDirectories()
    this.herd = new Herd({
      directory: undefined,
      processStats: this.#processStats,
      onError: (cause, message) => warner.logOnce(cause, message),
    })
    const { directory: path, sharedDirectory: shared } = options
    const { made, error } = startHerd(this.herd, path === undefined ? undefined : { path, shared })
    this.directory = this.herd.directories[0]
    this.#made = made
    this.fallback = new FallbackDirectory(this.herd, warner, made, workers => this.metrics.setWithoutStore(workers))
    this.#numberLocks = new WorkerNumberLocks(this.directory)
    this.#numberLocks.lockUpTo(options.workers)
    process.on('exit', this.#onExit)
    const onWarning = (message: string): void => warner.log(message)
    const storage = this.directory === undefined ? ({ storage: 'memory' } as const) : { directory: this.directory }
    this.#monitor = createMonitor({ ...storage, sharedDirectory: shared, worker: 0, onWarning })
    this.#store = internalsOf(this.#monitor).store
    this.herd.include(this.#store)
    if (error !== undefined) this.#store.reportError('store_unavailable', error)
    offerDefaultMonitor(this.#monitor)
    this.#stopSampler = sampler && sampleEvery(this.#monitor, sampler(this.#store))
    this.metrics = new PrimaryMetrics(this.#store, options.workers, signals)
    this.maintenance = new Maintenance(this.herd)
    this.#offered = { snapshot: () => this.gather().then(() => this.herd.snapshot()), store: this.#store }
  }

  /** Offers the herd to other parts of this process, and starts sampling the processes of the workers. */
  start(): void {
    offerHerd(this.#offered)
    this.#processStats.watch(() => this.herd.members)
  }

  /** Why the metrics are old or incomplete, as a sentence; undefined if they are not. */
  get whyIncomplete(): string | undefined {
    return this.fallback.whyIncomplete ?? this.herd.problem
  }

  /** The target number of workers has changed. */
  setTarget(workers: number): void {
    this.metrics.setTarget(workers)
    this.#numberLocks.lockUpTo(workers)
  }

  /**
   * Collects the primary's own metrics, samples the processes of the workers, and retires the stores of those that have
   * exited. None of it can delay a snapshot for longer than the deadline.
   */
  async gather(): Promise<void> {
    const work = [this.#monitor.collect(), this.#processStats.sample(this.herd.members)]
    await waitAtMost(COLLECT_DEADLINE_MS, Promise.all(work))
    await this.maintenance.now()
  }

  /** All workers have exited: parts of this process that send the herd elsewhere send it for the last time. */
  end(isUrgent: boolean): Promise<void> {
    return endHerd(this.#offered, isUrgent)
  }

  /** Closes the stores, and removes all files that were created here. */
  async close(): Promise<void> {
    this.#processStats.stop()
    this.maintenance.stop()
    this.fallback.stop()
    this.#stopSampler?.()
    await this.herd.close()
    await this.#monitor.close()
    if (this.#options.directory !== undefined) clearAbandoned(this.#options.directory)
    process.off('exit', this.#onExit)
    this.#remove()
  }

  #remove(): void {
    this.#beforeRemoval()
    this.#numberLocks?.lockUpTo(0)
    for (const directory of this.#made ?? []) removeQuietly(directory)
  }
}

interface PrimaryHerdOptions {
  readonly warner: Warner
  /** The signals that the primary handles. */
  readonly signals: readonly SignalName[]
  /** Creates the sampler of the primary's own process, if the metrics of that process are recorded. */
  readonly sampler: ((store: Store) => () => void) | undefined
  readonly beforeRemoval: () => void
}

/** How long a snapshot waits for the values of the primary and of the kernel. */
const COLLECT_DEADLINE_MS = 100
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
