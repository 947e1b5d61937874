import type { StoragePlace, StoreState } from '../definitions/label-values.ts'
import { FAMILIES } from '../definitions/metrics.ts'
import { Merger, type Sum } from '../snapshot/merge/merge.ts'
import { Sequence } from '../snapshot/sequence.ts'
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'
import { runCooperatively, type Task } from '../snapshot/task.ts'
import { Store } from '../store/store.ts'
import { DescriptorShortageReporter } from './descriptor-shortage.ts'
import { HerdDirectory, type StartMode } from './herd-directory.ts'
import { HerdIdentity } from './herd-identity.ts'
import type { ProcessStats } from './metrics/process-stats.ts'
import { HUNG_AFTER_MS, type Member, selfMetricsOf } from './metrics/self-metrics.ts'
import { SelfSource } from './metrics/self-source.ts'
import { STALE_AFTER_MS } from './processes/running-processes.ts'
import type { StoreReader } from './reading/reader.ts'

/**
 * Sums all stores of a herd's directories, and retires the stores of exited processes if this process is the leader.
 *
 * No request is sent to any worker. Snapshots and retirements run one after the other, so a snapshot never sees half of
 * a retirement by this process; `OpenStores` explains why that holds for other processes too. A snapshot is computed in
 * short turns, because its process may have connections to accept.
 */
export class Herd implements SnapshotSource {
  /** The place of its first directory, if this process chose it. */
  place: StoragePlace | undefined
  readonly #merger = new Merger()
  /** The first is the herd's own; later ones hold stores that found no room there. */
  readonly #directories: HerdDirectory[]
  readonly #options: Required<Omit<HerdOptions, OptionalOption>> & Pick<HerdOptions, OptionalOption>
  /** Counts the herd's own errors, as a worker's store does. */
  readonly #own: Store
  readonly #ownSource: SelfSource
  readonly #identity: HerdIdentity
  /** The store of this process, read from memory while it has no files. */
  #self: { store: Store; source: SelfSource } | undefined
  readonly #sequence = new Sequence()
  readonly #shortage = new DescriptorShortageReporter()
  #conflicts = new Set<string>()
  #retiredCount = 0
  #reported: string | undefined

  constructor(options: HerdOptions) {
    this.#options = {
      staleAfterMs: STALE_AFTER_MS,
      hungAfterMs: HUNG_AFTER_MS,
      onError: () => {},
      processStats: undefined,
      ...options,
    }
    this.#directories = options.directory === undefined ? [] : [this.#open(options.directory)]
    this.#own = new Store({ storage: 'memory', directory: undefined, worker: 0 })
    this.#ownSource = new SelfSource(this.#own)
    this.#identity = new HerdIdentity(this.#own)
  }

  /** The paths of its directories. Empty if no directory could be created. */
  get directories(): readonly string[] {
    return this.#directories.map(({ path }) => path)
  }

  /**
   * Makes this process the leader, unless another process is. Files of an earlier herd are removed, unless some of its
   * owners are still running: then that herd continues, and the stores of its exited processes are retired. With
   * `fresh` they are always removed: a primary begins a herd. With `resume` no files are removed: for a process that only
   * serves, or that replaces an exited leader. Returns the pid of the leader if there is another. Throws the errors of
   * the file system.
   */
  lead({ fresh = false, resume = false }: { fresh?: boolean; resume?: boolean } = {}): { heldBy: number } | undefined {
    const start: StartMode = fresh ? 'fresh' : resume ? 'resume' : 'unless_used'
    let other: { heldBy: number } | undefined
    for (const directory of this.#directories) other ??= directory.lead(start)
    return other
  }

  /**
   * Adds a further directory to this herd and leads it from its beginning; or returns the pid of the process that leads
   * it. Throws the errors of the file system; the directory is then not added.
   */
  add(path: string, place: StoragePlace): { heldBy: number } | undefined {
    const directory = this.#open(path)
    const other = directory.lead('fresh')
    if (other !== undefined) return other
    if (this.#directories.length === 0) this.place = place
    this.#directories.push(directory)
    return undefined
  }

  /** The store for metrics of this process as the reader of the herd. */
  get own(): Store {
    return this.#own
  }

  /** True if this process is the leader of all directories: it retires stores. */
  get isLeader(): boolean {
    return this.#directories.every(({ isLed }) => isLed)
  }

  /**
   * The reason why the served numbers may be old or incomplete, as a sentence; undefined if they are not. Changes
   * nothing.
   */
  get problem(): string | undefined {
    for (const { problem } of this.#directories) if (problem !== undefined) return problem
    return undefined
  }

  /** The stores whose owners were running at the last read, without those of threads that only work for a worker. */
  get members(): readonly Member[] {
    return this.#directories.flatMap(({ stores }) => stores.running).filter(reader => reader.header('state') >= 0)
  }

  #open(path: string): HerdDirectory {
    return new HerdDirectory(path, this.#options.staleAfterMs, reader => this.#merger.forget(reader))
  }

  /** All numbers of the herd now. Never rejects because of a store. */
  snapshot(): Promise<Snapshot> {
    return this.#sequence.run(() => runCooperatively(this.#scan()))
  }

  *#scan(): Task<Snapshot> {
    const startedAt = performance.now()
    const { families, conflicts } = yield* this.#sum()
    this.#reportConflicts(conflicts)
    const shortage = this.#shortage.messageFor(this.#directories.map(({ stores }) => stores.shortage))
    if (shortage !== undefined) this.reportError('descriptors', shortage)
    const withSelfMetrics = selfMetricsOf({
      members: this.members,
      states: { ...this.#states(), retired: this.#retiredCount },
      isIntact: this.#checkDirectories(),
      place: this.place,
      hungAfterMs: this.#options.hungAfterMs,
      families: this.#options.processStats?.correct(families, this.members, this.#reportedCpu) ?? families,
      seconds: (performance.now() - startedAt) / 1000,
    })
    const identity = this.#identity.read(this.#directories[0]?.stores.totals)
    return { takenAt: Date.now() / 1000, ...identity, families: withSelfMetrics }
  }

  *#sum(): Task<Sum> {
    const totals: (StoreReader | undefined)[] = []
    for (const directory of this.#directories) totals.push(yield* directory.stores.scan())
    this.#dropMoved()
    this.#ownSource.refresh()
    this.#merger.begin()
    yield* this.#merger.add(this.#ownSource)
    yield* this.#addSelf()
    for (const each of totals) if (each !== undefined) yield* this.#merger.add(each)
    for (const store of this.#stores()) {
      yield* store.read()
      yield* store.readExemplars()
      if (store.hasNumbers) yield* this.#merger.add(store)
      yield
    }
    return yield* this.#merger.finish()
  }

  readonly #reportedCpu = (member: Member): number =>
    this.#merger.valueIn(member as StoreReader, FAMILIES.workerCpu) ?? 0

  /** Retires the stores whose owners have exited. Does nothing if another process is the leader. */
  retireExited(): Promise<void> {
    return this.#sequence.run(async () => {
      this.#checkDirectories()
      this.#dropMoved()
      for (const directory of this.#directories) {
        try {
          const isElsewhere = (id: number): boolean => this.#isIn(this.#after(directory), id)
          this.#retiredCount += await runCooperatively(directory.retire(isElsewhere, this.#options.processStats))
        } catch (error) {
          this.reportError(
            'retire',
            `the stores of exited processes could not be retired, and are still read: ${String(error)}`,
          )
        }
      }
    })
  }

  /** Includes the store of this process as long as it has no files in a directory of the herd. */
  include(store: Store): void {
    this.#self = { store, source: new SelfSource(store) }
  }

  *#addSelf(): Task<void> {
    if (this.#self === undefined) return
    const { store, source } = this.#self
    if (store.paths === undefined) {
      source.refresh()
      yield* this.#merger.add(source)
    } else {
      this.#merger.forget(source)
      this.#self = undefined
    }
  }

  /** Oldest first, so that the newest store wins where the value of a single store is used. */
  #stores(): StoreReader[] {
    const stores = this.#directories.flatMap(({ stores }) => stores.all)
    return stores.sort((a, b) => a.startedAt - b.startedAt || (a.worker ?? 0) - (b.worker ?? 0))
  }

  /** A store that was written to another directory is read only there, even if its older files reappear. */
  #dropMoved(): void {
    if (this.#directories.length < 2) return
    for (const directory of this.#directories) {
      for (const { name } of directory.stores.all) {
        if (this.#isIn(this.#after(directory), name.id)) directory.stores.forget(name.id)
      }
    }
  }

  /** Stores move only to directories that were added later. */
  #after(directory: HerdDirectory): readonly HerdDirectory[] {
    return this.#directories.slice(this.#directories.indexOf(directory) + 1)
  }

  #isIn(directories: readonly HerdDirectory[], id: number): boolean {
    return directories.some(({ stores }) => stores.has(id) || stores.totals?.retiredIds.includes(id) === true)
  }

  #states(): Record<Exclude<StoreState, 'retired'>, number> {
    const sum = { live: 0, damaged: 0, unknown_version: 0 }
    for (const { states } of this.#directories.map(({ stores }) => stores)) {
      sum.live += states.live
      sum.damaged += states.damaged
      sum.unknown_version += states.unknown_version
    }
    return sum
  }

  /** Reports when a directory becomes unusable, and again each time this recurs. Returns true if all are in order. */
  #checkDirectories(): boolean {
    const reason = this.problem
    if (reason !== undefined && this.#reported === undefined) this.reportError('directory', reason)
    this.#reported = reason
    return reason === undefined
  }

  /** A conflict is reported when it appears, not at every read. */
  #reportConflicts(names: readonly string[]): void {
    for (const name of names) {
      if (this.#conflicts.has(name)) continue
      this.reportError(
        'family_conflict',
        `some stores have another definition of ${name}: only the series of the newest definition are served`,
      )
    }
    this.#conflicts = new Set(names)
  }

  /** Counts an error of the herd itself and calls the listener. Never throws. */
  reportError(cause: HerdErrorCause, message: string): void {
    this.#own.reportError(cause, message)
    try {
      this.#options.onError(cause, message)
    } catch {
      // An error of the listener must not stop the herd from serving numbers.
    }
  }

  /** Closes the files and releases the lock. The directory stays. */
  async close(): Promise<void> {
    await this.#sequence.run(async () => {
      for (const directory of this.#directories) directory.close()
    })
  }
}

type OptionalOption = 'processStats' | 'directory'

interface HerdOptions {
  /** Undefined if no directory could be created so far. */
  readonly directory: string | undefined
  /** How long a process in another container may show no activity before it counts as exited. @default 60_000 */
  readonly staleAfterMs?: number
  /** The heartbeat age above which a worker counts as hung. @default 5_000 */
  readonly hungAfterMs?: number
  /** Process stats of the owners, in addition to what their stores contain. */
  readonly processStats?: ProcessStats | undefined
  /** Is called with each error, for a log and a counter. */
  readonly onError?: (cause: HerdErrorCause, message: string) => void
}

type HerdErrorCause = 'family_conflict' | 'retire' | 'process_stats' | 'directory' | 'maintenance' | 'descriptors'
