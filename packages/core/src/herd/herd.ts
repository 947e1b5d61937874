import { FAMILIES } from '../metrics.ts'
import { Merger, type Sum } from '../snapshot/merge.ts'
import { Sequence } from '../snapshot/sequence.ts'
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'
import { inTurns, type Steps } from '../snapshot/steps.ts'
import { Store } from '../store/store.ts'
import { aboutTheHerd, HUNG_AFTER_MS, type Member } from './about.ts'
import { clearDirectory, KEEPER, listHerdFiles } from './directory.ts'
import { leftovers, STALE_AFTER_MS } from './living.ts'
import { DirectoryLock } from './lock.ts'
import { OpenStores } from './open-stores.ts'
import type { Outside } from './outside.ts'
import type { StoreReader } from './reader.ts'
import { Retired } from './retire.ts'
import { SelfSource } from './self-source.ts'

/**
 * Everyone's numbers: the sum of all stores of a directory; and the retiring of the dead where it is the keeper.
 *
 * No worker is asked anything. Snapshots and retirings follow one another, so that a snapshot never sees half of a
 * retiring by this process; `OpenStores` says why of one by another process neither. A snapshot is made in short
 * turns: whoever has a herd may have connections to accept.
 */
export class Herd implements SnapshotSource {
  readonly directory: string
  readonly #merger = new Merger()
  readonly #stores: OpenStores
  readonly #options: Required<Omit<HerdOptions, 'outside'>> & Pick<HerdOptions, 'outside'>
  #keeping: { lock: DirectoryLock; totals: Retired } | undefined
  /** The herd's own failures, counted like a worker's. */
  readonly #own: Store
  readonly #ownSource: SelfSource
  readonly #sequence = new Sequence()
  #conflicts = new Set<string>()
  #retiredCount = 0

  constructor(options: HerdOptions) {
    this.#options = {
      staleAfterMs: STALE_AFTER_MS,
      hungAfterMs: HUNG_AFTER_MS,
      onTrouble: () => {},
      outside: undefined,
      ...options,
    }
    this.directory = options.directory
    this.#stores = new OpenStores(this.directory, this.#options.staleAfterMs, reader => this.#merger.forget(reader))
    this.#own = new Store({ slab: 'heap', directory: undefined, worker: 0 })
    this.#ownSource = new SelfSource(this.#own)
  }

  /**
   * Makes this process the keeper, if nobody else is. What an earlier herd left is cleared, unless some of its owners
   * still live: then the herd goes on, and its dead are retired. With `goOn` nothing is ever cleared: for one who has
   * been showing these numbers and takes a dead keeper's place.
   * Answers the pid of the keeper where there is another. Throws what the file system throws.
   */
  keep({ fresh = false, goOn = false }: { fresh?: boolean; goOn?: boolean } = {}): { heldBy: number } | undefined {
    if (this.#keeping !== undefined) return undefined
    const lock = DirectoryLock.take(this.directory, KEEPER)
    if (!(lock instanceof DirectoryLock)) return lock
    try {
      const left = fresh
        ? listHerdFiles(this.directory)
        : goOn
          ? undefined
          : leftovers(this.directory, this.#options.staleAfterMs)
      if (left !== undefined) clearDirectory(this.directory, left)
      this.#keeping = { lock, totals: new Retired(this.directory) }
      return undefined
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** True where this process is the one that retires. */
  get isKeeper(): boolean {
    return this.#keeping !== undefined
  }

  /** The stores whose owners lived at the last look, without those of threads that only work for a worker. */
  get members(): readonly Member[] {
    return this.#stores.living.filter(reader => reader.header('state') >= 0)
  }

  /** Everything the herd knows now. Never rejects on account of a store. */
  snapshot(): Promise<Snapshot> {
    return this.#sequence.run(() => inTurns(this.#look()))
  }

  *#look(): Steps<Snapshot> {
    const startedAt = performance.now()
    const { families, conflicts } = yield* this.#sum()
    this.#tellConflicts(conflicts)
    const about = aboutTheHerd({
      members: this.members,
      states: { ...this.#stores.states, retired: this.#retiredCount },
      hungAfterMs: this.#options.hungAfterMs,
      families: this.#options.outside?.correct(families, this.members, this.#cpuSaidBy) ?? families,
      seconds: (performance.now() - startedAt) / 1000,
    })
    return { takenAt: Date.now() / 1000, families: about }
  }

  *#sum(): Steps<Sum> {
    const { totals, stores } = yield* this.#stores.look()
    this.#ownSource.refresh()
    this.#merger.begin()
    yield* this.#merger.add(this.#ownSource)
    if (totals !== undefined) yield* this.#merger.add(totals)
    for (const store of stores) {
      yield* store.read()
      yield* store.readExemplars()
      if (store.hasNumbers) yield* this.#merger.add(store)
      yield
    }
    return yield* this.#merger.finish()
  }

  readonly #cpuSaidBy = (member: Member): number => this.#merger.valueIn(member as StoreReader, FAMILIES.workerCpu) ?? 0

  /** Retires the stores whose owners are gone. Does nothing where somebody else is the keeper. */
  retireDead(): Promise<void> {
    return this.#sequence.run(async () => {
      const keeping = this.#keeping
      if (keeping === undefined) return
      if (!keeping.lock.isHeld()) {
        this.#keeping = undefined
        return
      }
      keeping.lock.touch()
      await inTurns(this.#stores.lookAtOwners())
      const dead = this.#stores.dead.map(reader => reader.name)
      if (dead.length === 0) return
      try {
        this.#retiredCount += await inTurns(keeping.totals.retire(dead))
      } catch (error) {
        this.trouble('retire', `the dead could not be retired, and are read where they lie: ${String(error)}`)
      }
    })
  }

  /** A conflict is told when it comes, not at every look. */
  #tellConflicts(names: readonly string[]): void {
    for (const name of names) {
      if (this.#conflicts.has(name)) continue
      this.trouble('family_conflict', `some stores declare ${name} otherwise: only the newest definition is served`)
    }
    this.#conflicts = new Set(names)
  }

  /** Counts a failure of the herd's own, and tells it. Never throws. */
  trouble(cause: HerdTrouble, message: string): void {
    this.#own.trouble(cause, message)
    try {
      this.#options.onTrouble(cause, message)
    } catch {
      // The listener's own failure is no reason to serve no numbers.
    }
  }

  /** Lets go of the files and the lock. The directory stays. */
  async close(): Promise<void> {
    await this.#sequence.run(async () => {
      this.#stores.close()
      this.#keeping?.lock.release()
      this.#keeping = undefined
    })
  }
}

export interface HerdOptions {
  readonly directory: string
  /** How long a process in another container may give no sign before it is taken to be dead. @default 60_000 */
  readonly staleAfterMs?: number
  /** How old a heartbeat may be before its worker is said to hang. @default 5_000 */
  readonly hungAfterMs?: number
  /** What is seen of the owners, besides what their stores say. */
  readonly outside?: Outside | undefined
  /** Hears of what went wrong, for a log and a count. */
  readonly onTrouble?: (cause: HerdTrouble, message: string) => void
}

type HerdTrouble = 'family_conflict' | 'retire' | 'outside'
