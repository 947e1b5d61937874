import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { StoreState } from '../metrics.ts'
import type { Steps } from '../snapshot/steps.ts'
import { listStores, RETIRED_CATALOG, RETIRED_VALUES, type StoreName } from './directory.ts'
import { KnownNames } from './names.ts'
import { StoreReader } from './reader.ts'
import { openRetired } from './retire.ts'

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
  readonly #names = new KnownNames()
  readonly #readers = new Map<number, StoreReader>()
  #retired: StoreReader | undefined
  /** How many are there that cannot be opened. */
  #unopened = 0

  constructor(directory: string, staleAfterMs: number, onDrop: (reader: StoreReader) => void) {
    this.#directory = directory
    this.#staleAfterMs = staleAfterMs
    this.#onDrop = onDrop
  }

  /** Reads the numbers of all. Where the directory cannot be read, the last ones stand. */
  *look(): Steps<void> {
    try {
      this.#openListed()
      this.#readRetired()
      for (const id of this.#retired?.retiredIds ?? []) {
        const reader = this.#readers.get(id)
        if (reader !== undefined) this.#drop(id, reader)
      }
    } catch {
      return
    }
    for (const reader of this.#readers.values()) {
      reader.refresh()
      reader.gone = reader.isAbandoned(this.#staleAfterMs)
      yield
    }
  }

  /** Reads only what the owners say of themselves. Where the directory cannot be read, the last look stands. */
  lookAtOwners(): void {
    try {
      this.#openListed()
    } catch {
      return
    }
    for (const reader of this.#readers.values()) {
      reader.refreshHeader()
      reader.gone = reader.isAbandoned(this.#staleAfterMs)
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

  /** All that have numbers, the totals of the dead first, then the oldest. */
  get counted(): StoreReader[] {
    const readers = [...this.#readers.values()].filter(reader => reader.hasNumbers)
    readers.sort((a, b) => a.startedAt - b.startedAt)
    return this.#retired === undefined ? readers : [this.#retired, ...readers]
  }

  /** How many there are in each state, but for those that were retired. */
  get states(): Record<Exclude<StoreState, 'retired'>, number> {
    const states = { live: 0, damaged: this.#unopened, unknown_version: 0 }
    for (const reader of this.#readers.values()) {
      if (reader.reading === 'unknown_version') states.unknown_version++
      else if (reader.reading === 'damaged' || reader.damage > 0) states.damaged++
      else if (!reader.gone) states.live++
    }
    return states
  }

  close(): void {
    for (const reader of this.#readers.values()) reader.close()
    this.#readers.clear()
    this.#retired?.close()
    this.#retired = undefined
  }

  #openListed(): void {
    const listed = new Map<number, StoreName>()
    for (const name of listStores(this.#directory)) listed.set(name.id, name)
    const counted = new Set(this.#retired?.retiredIds)
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
      this.#readers.set(name.id, StoreReader.open(this.#directory, name, this.#names))
      return true
    } catch {
      return false
    }
  }

  #readRetired(): void {
    const known = this.#retired
    if (known !== undefined && this.#inodeOf(RETIRED_CATALOG) !== known.catalogInode()) {
      // Another herd has begun in the same directory: names and numbers are others.
      this.#onDrop(known)
      known.close()
      this.#retired = undefined
    }
    if (this.#retired === undefined) this.#retired = openRetired(this.#directory)
    else if (this.#inodeOf(RETIRED_VALUES) !== this.#retired.inode()) {
      this.#retired.reopenValues(join(this.#directory, RETIRED_VALUES))
    }
    this.#retired?.refresh()
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
