import { join } from 'node:path'
import type { StoreState } from '../metrics.ts'
import type { Steps } from '../snapshot/steps.ts'
import { lacksDescriptors } from '../store/descriptors.ts'
import { statFile } from '../store/files.ts'
import { listStores, RETIRED_CATALOG, RETIRED_VALUES, type StoreName } from './directory.ts'
import { StoreReader } from './reader.ts'
import { openRetired } from './retired-files.ts'
import type { Shortage } from './shortage.ts'

/**
 * The stores of a directory and the totals of the dead, open to be read.
 *
 * A look first opens all stores that are listed, and then reads the totals, which name those that they include. A
 * store that went before it could be opened is in them already; one that goes after it was opened can still be read.
 * So no store is seen twice or not at all, whoever retires meanwhile: all of that happens in the first step of a look,
 * and what comes later reads what is open by then.
 *
 * A store that is not listed any more is dropped only where the totals include it, or where another herd has begun.
 * Files that vanish otherwise stay open, and what they have counts on: no counter falls because a file was removed.
 *
 * Where descriptors are scarce, files do not stay open (`HeldFile`). Such a store is read after the totals: if it goes
 * before that, it is missing from this look, or what was read of it before stands; it is never counted twice.
 */
export class OpenStores {
  readonly #directory: string
  readonly #staleAfterMs: number
  /** Hears of each that will not be read again. */
  readonly #onDrop: (reader: StoreReader) => void
  readonly #readers = new Map<number, StoreReader>()
  #listed: ReadonlySet<number> = new Set()
  #totals: StoreReader | undefined
  /** The herd that the totals are of; 0 where nothing says it. */
  #herd = 0
  /** How many are there that cannot be opened, and how many of them for want of descriptors. */
  #unopened = 0
  #unopenedForWant = 0

  constructor(directory: string, staleAfterMs: number, onDrop: (reader: StoreReader) => void) {
    this.#directory = directory
    this.#staleAfterMs = staleAfterMs
    this.#onDrop = onDrop
  }

  /** Opens what is there now, and reads and answers the totals. Where the directory cannot be read, the last look stands. */
  *look(): Steps<StoreReader | undefined> {
    this.#open()
    yield* this.refreshTotals()
    yield* this.#lookAtOwners()
    return this.#totals
  }

  /** Reads the totals as they are now, and drops the stores that they include. */
  *refreshTotals(): Steps<void> {
    try {
      this.#openTotals()
    } catch {
      // The totals that are open can still be read, and those that they do not include stay.
    }
    const totals = this.#totals
    if (totals === undefined) return
    // Each commit is a file of its own, so these are the totals of the moment when it was opened.
    if (totals.reading !== 'read') yield* totals.read()
    if (totals.reading === 'read') this.#meetHerd(totals.header('storeId'))
    for (const id of totals.retiredIds) {
      const reader = this.#readers.get(id)
      if (reader !== undefined) this.#drop(id, reader)
    }
  }

  /** Reads only what the owners say of themselves. Where the directory cannot be read, the last look stands. */
  *lookAtOwners(): Steps<void> {
    this.#open()
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

  /** All that are open, whose numbers are still to be read. */
  get all(): StoreReader[] {
    return [...this.#readers.values()]
  }

  /** True for a store whose files are here. */
  has(id: number): boolean {
    const reader = this.#readers.get(id)
    return reader?.isReadable === true && !this.#isLost(id, reader)
  }

  /** Reads a store no more. */
  forget(id: number): void {
    const reader = this.#readers.get(id)
    if (reader !== undefined) this.#drop(id, reader)
  }

  #isLost(id: number, reader: StoreReader): boolean {
    return reader.isUnlinked || !this.#listed.has(id)
  }

  /** The totals that were read last. */
  get totals(): StoreReader | undefined {
    return this.#totals
  }

  /** A reader of the files of a store from their beginning, if they are open; whether they still have names or not. */
  again(id: number): StoreReader | undefined {
    return this.#readers.get(id)?.again()
  }

  /** How the lack of descriptors showed at the last look. */
  get shortage(): Shortage {
    let unread = this.#unopenedForWant
    let reopened = 0
    for (const reader of this.#readers.values()) {
      if (reader.lacksDescriptors) unread++
      else if (reader.files === undefined) reopened++
    }
    return { unread, reopened }
  }

  /** How many there are in each state, but for those that were retired. */
  get states(): Record<Exclude<StoreState, 'retired'>, number> {
    const states = { live: 0, damaged: this.#unopened, unknown_version: 0 }
    for (const [id, reader] of this.#readers) {
      if (reader.reading === 'unknown_version') states.unknown_version++
      else if (reader.reading === 'damaged' || reader.names.damage > 0 || this.#isLost(id, reader)) states.damaged++
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

  #open(): void {
    try {
      this.#openListed()
    } catch (error) {
      // What is open can still be read, and what could not be listed for want of a descriptor is still there.
      if (lacksDescriptors(error)) this.#unopenedForWant = 1
      else this.#listed = new Set()
    }
  }

  #openListed(): void {
    const listed = new Map<number, StoreName>()
    for (const name of listStores(this.#directory)) listed.set(name.id, name)
    this.#listed = new Set(listed.keys())
    const counted = new Set(this.#totals?.retiredIds)
    this.#unopened = 0
    this.#unopenedForWant = 0
    for (const [id, name] of listed) {
      const known = this.#readers.get(id)
      if (counted.has(id) || (known !== undefined && !known.isUnlinked)) continue
      if (this.#tryToOpen(name, known)) continue
      // One that is gone meanwhile was retired; one that is still there cannot be read.
      if (this.#inodeOf(`${name.base}.values`) !== undefined) this.#unopened++
    }
  }

  /** Opens a store; false where that failed. */
  #tryToOpen(name: StoreName, known: StoreReader | undefined): boolean {
    try {
      if (known === undefined) this.#readers.set(name.id, StoreReader.open(this.#directory, name))
      else this.#openMoved(name, known)
      return true
    } catch (error) {
      if (lacksDescriptors(error)) this.#unopenedForWant++
      return false
    }
  }

  /** A store whose owner has written it anew, after its files were removed: that one is read from now on. */
  #openMoved(name: StoreName, known: StoreReader): void {
    const reader = StoreReader.open(this.#directory, name)
    reader.refreshHeader()
    if (reader.isReadable) {
      this.#drop(name.id, known)
      this.#readers.set(name.id, reader)
    } else reader.close()
  }

  #openTotals(): void {
    const known = this.#totals
    if (known === undefined) {
      this.#totals = openRetired(this.#directory)
      return
    }
    const catalog = this.#inodeOf(RETIRED_CATALOG)
    // Where they were removed, what was read of them stands.
    if (catalog === undefined) return
    if (catalog !== known.names.inode()) this.#replaceTotals(known)
    else {
      const values = this.#inodeOf(RETIRED_VALUES)
      if (values !== undefined && values !== known.inode()) known.reopenValues(join(this.#directory, RETIRED_VALUES))
    }
  }

  /** Another herd has begun in the same directory, or the files were written anew: names and numbers are others. */
  #replaceTotals(known: StoreReader): void {
    const totals = openRetired(this.#directory)
    totals?.refreshHeader()
    if (totals?.isReadable !== true) {
      totals?.close()
      return
    }
    this.#onDrop(known)
    known.close()
    this.#totals = totals
  }

  /** What is left of an earlier herd does not belong to the one that has begun. */
  #meetHerd(herd: number): void {
    const isAnother = this.#herd !== 0 && herd !== 0 && herd !== this.#herd
    this.#herd = herd
    if (!isAnother) return
    for (const [id, reader] of this.#readers) {
      if (this.#isLost(id, reader)) this.#drop(id, reader)
    }
  }

  #drop(id: number, reader: StoreReader): void {
    this.#onDrop(reader)
    this.#readers.delete(id)
    reader.close()
  }

  #inodeOf(file: string): number | undefined {
    return statFile(join(this.#directory, file))?.ino
  }
}
