import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StoreState } from '../metrics.ts'
import { Merger } from '../snapshot/merge.ts'
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'
import { Store } from '../store/store.ts'
import { aboutTheHerd, HUNG_AFTER_MS, type Member } from './about.ts'
import { clearDirectory, KEEPER, listStores, RETIRED_CATALOG, RETIRED_VALUES, type StoreName } from './directory.ts'
import { isAnyOwnerAlive, STALE_AFTER_MS } from './living.ts'
import { DirectoryLock } from './lock.ts'
import { SelfSource } from './lone.ts'
import { KnownNames } from './names.ts'
import { StoreReader } from './reader.ts'
import { openRetired, Retired } from './retire.ts'

/**
 * Everyone's numbers: finds the stores of a directory, reads them, and retires the dead where it is the keeper.
 *
 * No worker is asked anything. Snapshots and retirings follow one another, so that a snapshot never sees half of a
 * retiring by this process. Nor of one by another process: a look first opens all stores that are listed, and then
 * reads the totals of the dead, which name those that they include. A store that went before it could be opened is in
 * them already; one that goes after it was opened can still be read.
 */
export class Herd implements SnapshotSource {
  readonly directory: string
  readonly #merger = new Merger()
  readonly #names = new KnownNames()
  readonly #readers = new Map<number, StoreReader>()
  readonly #options: Required<HerdOptions>
  #retired: StoreReader | undefined
  #keeping: { lock: DirectoryLock; totals: Retired } | undefined
  /** The herd's own failures, counted like a worker's. */
  readonly #own: Store
  readonly #ownSource: SelfSource
  #conflicts = new Set<string>()
  #unopened = 0
  #busy: Promise<unknown> = Promise.resolve()
  #retiredCount = 0

  constructor(options: HerdOptions) {
    this.#options = { staleAfterMs: STALE_AFTER_MS, hungAfterMs: HUNG_AFTER_MS, onTrouble: () => {}, ...options }
    this.directory = options.directory
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
      if (fresh || (!goOn && !isAnyOwnerAlive(this.directory, this.#options.staleAfterMs)))
        clearDirectory(this.directory)
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
    return [...this.#readers.values()].filter(
      reader => reader.isReadable && !reader.gone && reader.header('state') >= 0,
    )
  }

  /** Everything the herd knows now. Never rejects on account of a store. */
  snapshot(): Promise<Snapshot> {
    return this.#alone(async () => {
      const startedAt = performance.now()
      await this.#readAll()
      this.#merger.begin()
      this.#merger.add(this.#ownSource)
      const pace = new Pace()
      for (const reader of this.#counted()) {
        this.#merger.add(reader)
        await pace.keep()
      }
      const { families, conflicts } = this.#merger.finish()
      this.#tellConflicts(conflicts)
      const about = aboutTheHerd({
        members: this.members,
        states: this.#states(),
        hungAfterMs: this.#options.hungAfterMs,
        families,
        seconds: (performance.now() - startedAt) / 1000,
      })
      return { takenAt: Date.now() / 1000, families: about }
    })
  }

  /** Retires the stores whose owners are gone. Does nothing where somebody else is the keeper. */
  retireDead(): Promise<void> {
    return this.#alone(async () => {
      const keeping = this.#keeping
      if (keeping === undefined) return
      if (!keeping.lock.isHeld()) {
        this.#keeping = undefined
        return
      }
      keeping.lock.touch()
      await this.#readAll()
      const dead = [...this.#readers.values()]
        .filter(reader => reader.gone && reader.isReadable)
        .map(reader => reader.name)
      if (dead.length === 0) return
      try {
        this.#retiredCount += keeping.totals.retire(dead)
      } catch (error) {
        this.#trouble('retire', `the dead could not be retired, and are read where they lie: ${String(error)}`)
      }
    })
  }

  /** A conflict is told when it comes, not at every look. */
  #tellConflicts(names: readonly string[]): void {
    for (const name of names) {
      if (this.#conflicts.has(name)) continue
      this.#trouble('family_conflict', `some stores declare ${name} otherwise: only the newest definition is served`)
    }
    this.#conflicts = new Set(names)
  }

  #trouble(cause: 'family_conflict' | 'retire', message: string): void {
    this.#own.trouble(cause, message)
    try {
      this.#options.onTrouble(cause, message)
    } catch {
      // The listener's own failure is no reason to serve no numbers.
    }
  }

  /** Lets go of the files and the lock. The directory stays. */
  async close(): Promise<void> {
    await this.#alone(async () => {
      for (const reader of this.#readers.values()) reader.close()
      this.#readers.clear()
      this.#retired?.close()
      this.#retired = undefined
      this.#keeping?.lock.release()
      this.#keeping = undefined
    })
  }

  /** Reads every store: see the class for why in this order. */
  async #readAll(): Promise<void> {
    try {
      this.#openStores()
      this.#readRetired()
      for (const id of this.#retired?.retiredIds ?? []) {
        const reader = this.#readers.get(id)
        if (reader !== undefined) this.#drop(id, reader)
      }
      const pace = new Pace()
      for (const reader of this.#readers.values()) {
        reader.refresh()
        reader.gone = reader.isAbandoned(this.#options.staleAfterMs)
        await pace.keep()
      }
    } catch {
      // The directory itself cannot be read now: the last numbers stand.
    }
  }

  #openStores(): void {
    const listed = new Map<number, StoreName>()
    for (const name of listStores(this.directory)) listed.set(name.id, name)
    const counted = new Set(this.#retired?.retiredIds)
    this.#unopened = 0
    for (const [id, reader] of this.#readers) if (!listed.has(id)) this.#drop(id, reader)
    for (const [id, name] of listed) {
      if (counted.has(id) || this.#readers.has(id) || this.#open(name) !== undefined) continue
      // One that is gone meanwhile was retired; one that is still there cannot be read.
      if (this.#inodeOf(`${name.base}.values`) !== undefined) this.#unopened++
    }
  }

  #readRetired(): void {
    const values = this.#inodeOf(RETIRED_VALUES)
    const known = this.#retired
    if (known !== undefined && this.#inodeOf(RETIRED_CATALOG) !== known.catalogInode()) {
      // Another herd has begun in the same directory: names and numbers are others.
      this.#merger.forget(known)
      known.close()
      this.#retired = undefined
    }
    if (this.#retired === undefined) this.#retired = openRetired(this.directory)
    else if (values !== this.#retired.inode()) this.#retired.reopenValues(join(this.directory, RETIRED_VALUES))
    this.#retired?.refresh()
  }

  #inodeOf(file: string): number | undefined {
    return statSync(join(this.directory, file), { throwIfNoEntry: false })?.ino
  }

  #open(name: StoreName): StoreReader | undefined {
    try {
      const reader = StoreReader.open(this.directory, name, this.#names)
      this.#readers.set(name.id, reader)
      return reader
    } catch {
      return undefined
    }
  }

  #drop(id: number, reader: StoreReader): void {
    this.#merger.forget(reader)
    this.#readers.delete(id)
    reader.close()
  }

  *#counted(): Iterable<StoreReader> {
    if (this.#retired !== undefined) yield this.#retired
    const readers = [...this.#readers.values()].filter(reader => reader.isReadable)
    yield* readers.sort((a, b) => a.startedAt - b.startedAt)
  }

  #states(): Record<StoreState, number> {
    const states = { live: 0, retired: this.#retiredCount, damaged: this.#unopened, unknown_version: 0 }
    for (const reader of this.#readers.values()) {
      if (reader.reading === 'unknown_version') states.unknown_version++
      else if (reader.reading === 'damaged' || reader.damage > 0) states.damaged++
      else if (!reader.gone) states.live++
    }
    return states
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(work)
    this.#busy = result.catch(() => {})
    return result
  }
}

export interface HerdOptions {
  readonly directory: string
  /** How long a process in another container may give no sign before it is taken to be dead. @default 60_000 */
  readonly staleAfterMs?: number
  /** How old a heartbeat may be before its worker is said to hang. @default 5_000 */
  readonly hungAfterMs?: number
  /** Hears of what went wrong, for a log and a count. */
  readonly onTrouble?: (cause: 'family_conflict' | 'retire', message: string) => void
}

const TURN_MS = 5

/** Lets others have the event loop after every few milliseconds of work. */
class Pace {
  #since = performance.now()

  async keep(): Promise<void> {
    if (performance.now() - this.#since < TURN_MS) return
    await nextTurn()
    this.#since = performance.now()
  }
}
