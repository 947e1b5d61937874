import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StoreState } from '../metrics.ts'
import { Merger } from '../snapshot/merge.ts'
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'
import { aboutTheHerd, HUNG_AFTER_MS } from './about.ts'
import { clearDirectory, listStores, RETIRED_VALUES, type StoreName } from './directory.ts'
import { isOwnerAlive, KeeperLock } from './keeper.ts'
import { StoreReader } from './reader.ts'
import { openRetired, Retired } from './retire.ts'

/**
 * Everyone's numbers: finds the stores of a directory, reads them, and retires the dead where it is the keeper.
 *
 * No worker is asked anything. Snapshots and retirings follow one another, so that a snapshot never sees half of a
 * retiring by this process; one by another process shows in the totals' generation, and the look is taken again.
 */
export class Herd implements SnapshotSource {
  readonly directory: string
  readonly #merger = new Merger()
  readonly #readers = new Map<number, StoreReader>()
  readonly #options: Required<HerdOptions>
  #retired: StoreReader | undefined
  #keeping: { lock: KeeperLock; totals: Retired } | undefined
  #busy: Promise<unknown> = Promise.resolve()
  #retiredCount = 0

  constructor(options: HerdOptions) {
    this.#options = { staleAfterMs: STALE_AFTER_MS, hungAfterMs: HUNG_AFTER_MS, onTrouble: () => {}, ...options }
    this.directory = options.directory
  }

  /**
   * Makes this process the keeper, if nobody else is. What an earlier herd left is cleared, unless some of its owners
   * still live: then the herd goes on, and its dead are retired. With `goOn` nothing is ever cleared: for one who has
   * been showing these numbers and takes a dead keeper's place.
   * Answers the pid of the keeper where there is another. Throws what the file system throws.
   */
  keep({ fresh = false, goOn = false }: { fresh?: boolean; goOn?: boolean } = {}): { heldBy: number } | undefined {
    if (this.#keeping !== undefined) return undefined
    const lock = KeeperLock.take(this.directory)
    if (!(lock instanceof KeeperLock)) return lock
    if (fresh || (!goOn && !this.#anyAlive())) clearDirectory(this.directory)
    this.#keeping = { lock, totals: new Retired(this.directory) }
    return undefined
  }

  /** True where this process is the one that retires. */
  get isKeeper(): boolean {
    return this.#keeping !== undefined
  }

  /** Everything the herd knows now. Never rejects on account of a store. */
  snapshot(): Promise<Snapshot> {
    return this.#alone(async () => {
      const startedAt = performance.now()
      await this.#readAll()
      this.#merger.begin()
      const pace = new Pace()
      for (const reader of this.#counted()) {
        this.#merger.add(reader)
        await pace.keep()
      }
      const { families, conflicts } = this.#merger.finish()
      for (const name of conflicts) this.#options.onTrouble('family_conflict', `some stores declare ${name} otherwise`)
      const about = aboutTheHerd({
        members: [...this.#readers.values()].filter(reader => reader.isReadable && !reader.gone),
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
        keeping.totals.retire(dead)
        this.#retiredCount += dead.length
      } catch (error) {
        this.#options.onTrouble(
          'retire',
          `the dead could not be retired, and are read where they lie: ${String(error)}`,
        )
      }
    })
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

  /** Reads every store, again until nobody retired any meanwhile. */
  async #readAll(): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      try {
        this.#readRetired()
        if ((await this.#readStores()) && this.#retiredIsCurrent()) return
      } catch {
        // The directory itself cannot be read now: the last numbers stand.
        return
      }
    }
  }

  #readRetired(): void {
    if (this.#retired === undefined) this.#retired = openRetired(this.directory)
    else if (!this.#retiredIsCurrent()) this.#retired.reopenValues(join(this.directory, RETIRED_VALUES))
    this.#retired?.refresh()
  }

  #retiredIsCurrent(): boolean {
    const inode = statSync(join(this.directory, RETIRED_VALUES), { throwIfNoEntry: false })?.ino
    return inode === this.#retired?.inode()
  }

  /** False where a store went while it was being looked at. */
  async #readStores(): Promise<boolean> {
    const counted = new Set(this.#retired?.retiredIds)
    const listed = new Map<number, StoreName>()
    for (const name of listStores(this.directory)) if (!counted.has(name.id)) listed.set(name.id, name)
    for (const [id, reader] of this.#readers) if (!listed.has(id)) this.#drop(id, reader)
    const pace = new Pace()
    for (const name of listed.values()) {
      const reader = this.#readers.get(name.id) ?? this.#open(name)
      if (reader === undefined) return false
      reader.refresh()
      reader.gone = this.#isGone(reader)
      await pace.keep()
    }
    return true
  }

  #open(name: StoreName): StoreReader | undefined {
    try {
      const reader = StoreReader.open(this.directory, name)
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

  #isGone(reader: StoreReader): boolean {
    if (!reader.isReadable) return false
    if (reader.header('closed') === 1) return true
    const owner = {
      pid: reader.header('pid'),
      pidNamespace: reader.header('pidNamespace'),
      startTicks: reader.header('startTicks'),
    }
    return !isOwnerAlive(owner, reader.header('heartbeatAt') * 1000, this.#options.staleAfterMs)
  }

  *#counted(): Iterable<StoreReader> {
    if (this.#retired !== undefined) yield this.#retired
    for (const reader of this.#readers.values()) if (reader.isReadable) yield reader
  }

  #states(): Record<StoreState, number> {
    const states = { live: 0, retired: this.#retiredCount, damaged: 0, unknown_version: 0 }
    for (const reader of this.#readers.values()) {
      if (reader.reading === 'unknown_version') states.unknown_version++
      else if (reader.reading === 'damaged' || reader.damage > 0) states.damaged++
      else if (!reader.gone) states.live++
    }
    return states
  }

  #anyAlive(): boolean {
    return listStores(this.directory).some(name => {
      const reader = this.#open(name)
      if (reader === undefined) return false
      reader.refresh()
      return reader.isReadable && !this.#isGone(reader)
    })
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

const STALE_AFTER_MS = 60_000
const MAX_ATTEMPTS = 10
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
