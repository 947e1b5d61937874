import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { StoreState } from '../metrics.ts'
import type { Steps } from '../snapshot/steps.ts'
import { listStores, RETIRED_CATALOG, RETIRED_VALUES, type StoreName } from './directory.ts'
import { StoreReader } from './reader.ts'
import { openRetired } from './retired-files.ts'

/** What is to be counted. */
export interface Look {
  /** What the dead left, read. */
  readonly totals: StoreReader | undefined
  /** All others, the oldest first, whose numbers are still to be read. */
  readonly stores: readonly StoreReader[]
}

/**
 * The stores of a directory and the totals of the dead, open to be read.
 *
 * A look first opens all stores that are listed, and then reads the totals, which name those that they include. A
 * store that went before it could be opened is in them already; one that goes after it was opened can still be read.
 * So no store is seen twice or not at all, whoever retires meanwhile: all of that happens in the first step of a look,
 * and what comes later reads what is open by then.
 */
export class OpenStores {
  readonly #directory: string
  readonly #staleAfterMs: number
  /** Hears of each that will not be read again. */
  readonly #onDrop: (reader: StoreReader) => void
  readonly #readers = new Map<number, StoreReader>()
  #totals: StoreReader | undefined
  /** How many are there that cannot be opened. */
  #unopened = 0

  constructor(directory: string, staleAfterMs: number, onDrop: (reader: StoreReader) => void) {
    this.#directory = directory
    this.#staleAfterMs = staleAfterMs
    this.#onDrop = onDrop
  }

  /** Opens what is there now, and reads the totals. Where the directory cannot be read, the last look stands. */
  *look(): Steps<Look> {
    try {
      this.#openListed()
      this.#openTotals()
    } catch {
      // What is open can still be read.
    }
    // Each commit is a file of its own, so these are the totals of the moment when it was opened.
    if (this.#totals !== undefined && this.#totals.reading !== 'read') yield* this.#totals.read()
    for (const id of this.#totals?.retiredIds ?? []) {
      const reader = this.#readers.get(id)
      if (reader !== undefined) this.#drop(id, reader)
    }
    yield* this.#lookAtOwners()
    const stores = [...this.#readers.values()].sort((a, b) => a.startedAt - b.startedAt)
    return { totals: this.#totals, stores }
  }

  /** Reads only what the owners say of themselves. Where the directory cannot be read, the last look stands. */
  *lookAtOwners(): Steps<void> {
    try {
      this.#openListed()
    } catch {
      // What is open can still be read.
    }
    yield* this.#lookAtOwners()
  }

  *#lookAtOwners(): Steps<void> {
    for (const reader of this.#readers.values()) {
      reader.refreshHeader()
      reader.gone = reader.isAbandoned(this.#staleAfterMs)
      yield
    }
  }

  /** Those whose owners lived at the last look. */
  get living(): StoreReader[] {
    return [...this.#readers.values()].filter(reader => reader.isReadable && !reader.gone)
  }

  /** Those whose owners were gone at the last look. */
  get dead(): StoreReader[] {
    return [...this.#readers.values()].filter(reader => reader.isReadable && reader.gone)
  }

  /** How many there are in each state, but for those that were retired. */
  get states(): Record<Exclude<StoreState, 'retired'>, number> {
    const states = { live: 0, damaged: this.#unopened, unknown_version: 0 }
    for (const reader of this.#readers.values()) {
      if (reader.reading === 'unknown_version') states.unknown_version++
      else if (reader.reading === 'damaged' || reader.names.damage > 0) states.damaged++
      else if (!reader.gone) states.live++
    }
    return states
  }

  close(): void {
    for (const reader of this.#readers.values()) reader.close()
    this.#readers.clear()
    this.#totals?.close()
    this.#totals = undefined
  }

  #openListed(): void {
    const listed = new Map<number, StoreName>()
    for (const name of listStores(this.#directory)) listed.set(name.id, name)
    const counted = new Set(this.#totals?.retiredIds)
    this.#unopened = 0
    for (const [id, reader] of this.#readers) if (!listed.has(id)) this.#drop(id, reader)
    for (const [id, name] of listed) {
      if (counted.has(id) || this.#readers.has(id) || this.#open(name)) continue
      // One that is gone meanwhile was retired; one that is still there cannot be read.
      if (this.#inodeOf(`${name.base}.values`) !== undefined) this.#unopened++
    }
  }

  #open(name: StoreName): boolean {
    try {
      this.#readers.set(name.id, StoreReader.open(this.#directory, name))
      return true
    } catch {
      return false
    }
  }

  #openTotals(): void {
    const known = this.#totals
    if (known !== undefined && this.#inodeOf(RETIRED_CATALOG) !== known.names.inode()) {
      // Another herd has begun in the same directory: names and numbers are others.
      this.#onDrop(known)
      known.close()
      this.#totals = undefined
    }
    if (this.#totals === undefined) this.#totals = openRetired(this.#directory)
    else if (this.#inodeOf(RETIRED_VALUES) !== this.#totals.inode()) {
      this.#totals.reopenValues(join(this.#directory, RETIRED_VALUES))
    }
  }

  #drop(id: number, reader: StoreReader): void {
    this.#onDrop(reader)
    this.#readers.delete(id)
    reader.close()
  }

  #inodeOf(file: string): number | undefined {
    return statSync(join(this.#directory, file), { throwIfNoEntry: false })?.ino
  }
}
