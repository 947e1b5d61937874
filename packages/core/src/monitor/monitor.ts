import type { IncomingMessage } from 'node:http'
import { dirname, resolve } from 'node:path'
import { clearInterval, setInterval } from 'node:timers'
import { isMainThread } from 'node:worker_threads'
import { checkOptions } from '../base/check-options.ts'
import { shared } from '../base/shared.ts'
import { Warner } from '../base/warner.ts'
import { PromClientCopier } from '../clients/copier.ts'
import type { Bytes } from '../exposition/bytes.ts'
import { write } from '../exposition/encoder.ts'
import { GzipPacker, LEAST_TO_PACK } from '../exposition/gzip.ts'
import type { FormatName } from '../exposition/negotiate.ts'
import { OPENMETRICS_CONTENT_TYPE, OpenMetricsEncoder } from '../exposition/openmetrics.ts'
import { TEXT_CONTENT_TYPE, TextEncoder004 } from '../exposition/text.ts'
import { Herd } from '../herd/herd.ts'
import { closeStoresOfThreads } from '../herd/processes/exited-threads.ts'
import { SingleProcessHerd } from '../herd/single-process-herd.ts'
import { streamSampler } from '../http/exchange/streams.ts'
import { HttpRecorder } from '../http/http-recorder.ts'
import type { HttpOptions } from '../http/options/http-options.ts'
import type { MonitorRecorder } from '../http/recorder.ts'
import { lookForUnfollowed } from '../http/watch/unfollowed.ts'
import type { CounterOptions, GaugeOptions, HistogramOptions } from '../instruments/instrument-options.ts'
import {
  type Counter,
  type Gauge,
  type Histogram,
  type InstrumentMaker,
  Instruments,
} from '../instruments/instruments.ts'
import { ActiveInterval } from '../runtime/active-interval.ts'
import { countCrashes } from '../runtime/crashes.ts'
import { addExitHook, type ExitHook, moveExitHookLast, removeExitHook } from '../runtime/exit-hooks.ts'
import { runtimeSampler, threadSampler, watchRuntime } from '../runtime/runtime.ts'
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'
import { runCooperatively, type Task } from '../snapshot/task.ts'
import type { Store } from '../store/store.ts'
import { type Exposition, INTERNALS, type MonitorInternals } from './internals.ts'
import { fromEnvironment, MONITOR_SHAPE, type MonitorOptions } from './monitor-options.ts'
import { loneStore, type OnError, type Opened, openStore } from './process-store.ts'
import { StoreLocation } from './store-location.ts'

/** The composition root: connects options, a store, the recorders that write to it, and the readers of its herd. */

/** Records the metrics of one process, and reads those of the process or its herd. */
export interface Monitor extends SnapshotSource, InstrumentMaker {
  /** Creates a recorder for HTTP exchanges with these options. */
  http(options?: HttpOptions<IncomingMessage>): MonitorRecorder
  /**
   * Registers `collect`, which updates metrics from other sources. It is called before this process reads metrics, and
   * every 5 s if other processes read them. Returns a function that stops it.
   */
  addCollector(collect: () => Promise<void> | void): () => void
  /** Runs the collectors now. Never rejects. */
  collect(): Promise<void>
  /** A snapshot: of the whole herd if there is a directory, otherwise of this process. */
  snapshot(): Promise<Snapshot>
  /** The snapshot as Prometheus text. */
  metrics(): Promise<string>
  /** The content type of that text. */
  readonly contentType: string
  /** Writes the last numbers and stops every timer. Later recordings do no harm, and are lost. */
  close(): Promise<void>
}

/** The maximum age of copied prom-client counts, and of a flushed store's file, while the process is active. */
const COPY_INTERVAL_MS = 100
/** The interval of a worker's heartbeat. */
const HEARTBEAT_INTERVAL_MS = 1000
/** The number of heartbeats between two runs of the collectors, including those of prom-client's metrics. */
const BEATS_PER_COLLECTION = 5

/**
 * Creates a monitor.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_DIRECTORY
 */
export function createMonitor(options: MonitorOptions = {}): Monitor {
  checkOptions('createMonitor', options, MONITOR_SHAPE)
  const warner = new Warner(options.onWarning)
  const onError: OnError = (cause, message) => warner.logOnce(cause, message)
  const given = { ...fromEnvironment(), ...withoutAbsent(options) }
  if (given.directory === undefined) return new ProcessMonitor(loneStore(given.worker ?? 1, onError), given)
  const opened = openStore(given.directory, { ...given, shared: given.sharedDirectory }, onError)
  const monitor = new ProcessMonitor(opened, given)
  OPEN.set(resolve(given.directory), monitor)
  return monitor
}

/** The newest monitor of this process for that directory that is not closed. */
export function monitorIn(directory: string | undefined): Monitor | undefined {
  return directory === undefined ? undefined : OPEN.get(resolve(directory))
}

const OPEN = shared('open monitors', () => new Map<string, Monitor>())

class ProcessMonitor implements Monitor {
  readonly contentType = TEXT_CONTENT_TYPE
  readonly #store: Store
  readonly #location: StoreLocation
  readonly #internals: MonitorInternals
  #herd: Herd | SingleProcessHerd
  readonly #encoder = new TextEncoder004()
  /** An encoder that is not used keeps nothing. */
  readonly #openMetrics = new OpenMetricsEncoder()
  readonly #packer = new GzipPacker()
  readonly #collectors = new Set<() => Promise<void> | void>()
  readonly #timers: NodeJS.Timeout[]
  readonly #claim: Opened['claim']
  readonly #promClient: PromClientCopier | undefined
  #interval: ActiveInterval | undefined
  readonly #instruments: Instruments
  readonly #stopWatching: (() => void) | undefined
  readonly #stopClosing: (() => void) | undefined
  #beats = 0
  #isNew = true

  constructor(
    { store, claim, isHelper = false, missingReason }: Opened,
    { directory, promClient, storage }: MonitorOptions,
  ) {
    this.#store = store
    this.#claim = claim
    this.#instruments = new Instruments(store)
    this.#herd =
      store.paths === undefined || directory === undefined ? new SingleProcessHerd(store) : new Herd({ directory })
    this.#location = new StoreLocation({ store, directory, storage, missingReason, onMove: () => this.#moved() })
    this.#timers = [setInterval(() => this.#beat(), HEARTBEAT_INTERVAL_MS).unref()]
    const isRead = directory !== undefined && storage !== 'memory'
    if (store.worker > 0 && !isHelper) this.#collectEvery(HEARTBEAT_INTERVAL_MS, samplerFor(store))
    this.#collectEvery(isRead ? HEARTBEAT_INTERVAL_MS : undefined, streamSampler(store))
    const watch = isHelper ? countCrashes : watchRuntime
    this.#stopWatching = store.worker > 0 ? watch(store) : undefined
    this.#stopClosing = directory === undefined ? undefined : closeStoresOfThreads(directory)
    this.#promClient = promClient === false ? undefined : new PromClientCopier(store, promClient)
    this.addCollector(() => this.#promClient?.collect())
    this.addCollector(lookForUnfollowed)
    this.#interval = isRead ? new ActiveInterval(() => this.#copy(), COPY_INTERVAL_MS) : undefined
    addExitHook(this.#exitHook)
    store.setState(isHelper ? undefined : 'running')
    this.#internals = {
      store,
      location: this.#location,
      textBytes: () => this.#textBytes(),
      exposition: (format, isPacked) => this.#exposition(format, isPacked),
    }
  }

  get [INTERNALS](): MonitorInternals {
    return this.#internals
  }

  http(options: HttpOptions<IncomingMessage> = {}): HttpRecorder {
    return new HttpRecorder(this.#store, options)
  }

  counter<const L extends readonly string[] = readonly []>(options: CounterOptions<L>): Counter<L> {
    return this.#instruments.counter(options)
  }

  gauge<const L extends readonly string[] = readonly []>(options: GaugeOptions<L>): Gauge<L> {
    return this.#instruments.gauge(options)
  }

  histogram<const L extends readonly string[] = readonly []>(options: HistogramOptions<L>): Histogram<L> {
    return this.#instruments.histogram(options)
  }

  addCollector(collect: () => Promise<void> | void): () => void {
    this.#collectors.add(collect)
    return () => this.#collectors.delete(collect)
  }

  async collect(): Promise<void> {
    const results = await Promise.allSettled([...this.#collectors].map(async collect => collect()))
    for (const result of results) {
      if (result.status === 'rejected')
        this.#store.reportError('callback', `a collector failed: ${String(result.reason)}`)
    }
    this.#store.flush()
  }

  async snapshot(): Promise<Snapshot> {
    await this.collect()
    return this.#herd.snapshot()
  }

  async metrics(): Promise<string> {
    const { pieces } = await this.#textBytes()
    return runCooperatively(textOf(pieces))
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    for (const [directory, monitor] of OPEN) if (monitor === this) OPEN.delete(directory)
    this.#interval?.stop()
    this.#instruments.close()
    await this.#promClient?.collect()
    removeExitHook(this.#exitHook)
    this.#stopWatching?.()
    this.#stopClosing?.()
    if (this.#store.paths !== undefined) this.#promClient?.scan()
    this.#end()
    await this.#herd.close()
  }

  async #textBytes(): Promise<Bytes> {
    return runCooperatively(write(await this.snapshot(), this.#encoder))
  }

  async #exposition(format: FormatName, isPacked: boolean): Promise<Exposition> {
    const isText = format === 'text'
    const contentType = isText ? TEXT_CONTENT_TYPE : OPENMETRICS_CONTENT_TYPE
    const bytes = isText
      ? await this.#textBytes()
      : await runCooperatively(write(await this.snapshot(), this.#openMetrics))
    if (!isPacked || bytes.length < LEAST_TO_PACK) return { contentType, encoding: undefined, bytes }
    return { contentType, encoding: 'gzip', bytes: await this.#packer.pack(bytes) }
  }

  #beat(): void {
    this.#store.beat()
    this.#location.check()
    this.#claim?.touch()
    if (this.#interval !== undefined && ++this.#beats % BEATS_PER_COLLECTION === 0) void this.collect()
  }

  /** The store has got files, or different ones. */
  #moved(): void {
    const { paths } = this.#store
    if (paths === undefined) return
    this.#interval ??= new ActiveInterval(() => this.#copy(), COPY_INTERVAL_MS)
    void this.#herd.close()
    this.#herd = new Herd({ directory: dirname(paths.values) })
  }

  /** Updates the files of the store. Returns whether prom-client has counted anything since the last call. */
  #copy(): boolean {
    if (this.#isNew) void this.collect()
    this.#isNew = false
    const hasChanged = this.#promClient?.scanAndSample() ?? false
    this.#store.flush()
    moveExitHookLast()
    return hasChanged
  }

  readonly #exitHook: ExitHook = {
    save: () => {
      lookForUnfollowed()
      if (this.#store.paths !== undefined) this.#promClient?.scanAtExit()
      this.#store.flush()
    },
    leave: () => {
      this.#exitHook.save()
      this.#end()
    },
  }

  /** Writes the last numbers, and releases the worker's number. */
  #end(): void {
    this.#store.close()
    this.#claim?.release()
  }

  /** Runs `collect` before numbers are read, and at an interval if other processes read them. */
  #collectEvery(intervalMs: number | undefined, collect: () => Promise<void> | void): void {
    this.addCollector(collect)
    if (intervalMs !== undefined) this.#timers.push(setInterval(collect, intervalMs).unref())
  }
}

function* textOf(pieces: readonly Buffer[]): Task<string> {
  const texts: string[] = []
  for (const piece of pieces) {
    texts.push(piece.toString())
    yield
  }
  return texts.join('')
}

/**
 * In a herd, a thread leaves process-wide metrics to its process; a thread that is a herd of its own reports all of
 * them.
 */
function samplerFor(store: Store): () => void {
  return isMainThread || store.paths === undefined ? runtimeSampler(store) : threadSampler(store)
}

/** Treats an undefined option as absent. */
function withoutAbsent(options: MonitorOptions): MonitorOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
