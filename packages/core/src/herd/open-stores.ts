import { join } from 'node:path'
import type { StoreState } from '../definitions/label-values.ts'
import { lacksDescriptors } from '../files/descriptors.ts'
import { statFile } from '../files/files.ts'
import type { Task } from '../snapshot/task.ts'
import type { DescriptorShortage } from './descriptor-shortage.ts'
import { listStores, RETIRED_CATALOG, RETIRED_VALUES, type StoreName } from './directory/directory.ts'
import { StoreReader } from './reading/reader.ts'
import { openRetired } from './retiring/retired-files.ts'

/**
 * The stores of a directory and the retired totals, open for reading.
 *
 * A scan first opens all listed stores, and then reads the totals, which contain the ids of the stores that they
 * include. A store that was removed before it could be opened is already in the totals; one that is removed after it
 * was opened can still be read. So no store is counted twice or missed, even if it is retired meanwhile: all of this
 * happens in the first step of a scan, and later steps read only open files.
 *
 * A store that is no longer listed is dropped only if the totals include it, or if another herd has begun. Other files
 * that disappear stay open, and their numbers are still counted: no counter decreases because a file was removed.
 *
 * If descriptors are scarce, files do not stay open (`HeldFile`). Such a store is read after the totals: if it is
 * removed before that, it is missing from this scan, or the numbers that were read earlier are used. It is never
 * counted twice.
 */
export class OpenStores {
  readonly #directory: string
  readonly #staleAfterMs: number
  /** Is called with each store that will not be read again. */
  readonly #onDrop: (reader: StoreReader) => void
  readonly #readers = new Map<number, StoreReader>()
  #listed: ReadonlySet<number> = new Set()
  #totals: StoreReader | undefined
  /** The herd of the totals; 0 if unknown. */
  #herd = 0
  /** The number of stores that cannot be opened, and how many of them because no descriptor was free. */
  #unopened = 0
  #unopenedForDescriptors = 0

  constructor(directory: string, staleAfterMs: number, onDrop: (reader: StoreReader) => void) {
    this.#directory = directory
    this.#staleAfterMs = staleAfterMs
    this.#onDrop = onDrop
  }

  /**
   * Opens the current stores, then reads and returns the totals. If the directory cannot be read, the previous state is
   * kept.
   */
  *scan(): Task<StoreReader | undefined> {
    this.#open()
    yield* this.refreshTotals()
    yield* this.#checkOwners()
    return this.#totals
  }

  /** Reads the current totals, and drops the stores that they include. */
  *refreshTotals(): Task<void> {
    try {
      this.#openTotals()
    } catch {
      // The open totals can still be read, and stores that they do not include stay.
    }
    const totals = this.#totals
    if (totals === undefined) return
    // Each commit writes a new file, so these are the totals of the moment when the file was opened.
    if (totals.reading !== 'read') yield* totals.read()
    if (totals.reading === 'read') this.#checkHerd(totals.header('storeId'))
    for (const id of totals.retiredIds) {
      const reader = this.#readers.get(id)
      if (reader !== undefined) this.#drop(id, reader)
    }
  }

  /** Reads only the headers of the stores. If the directory cannot be read, the previous state is kept. */
  *checkOwners(): Task<void> {
    this.#open()
    yield* this.#checkOwners()
  }

  *#checkOwners(): Task<void> {
    for (const reader of this.#readers.values()) {
      reader.refreshHeader()
      reader.isExited = reader.isAbandoned(this.#staleAfterMs)
      yield
    }
  }

  /** The stores whose owners were running at the last scan. */
  get running(): StoreReader[] {
    return [...this.#readers.values()].filter(reader => reader.isReadable && !reader.isExited)
  }

  /** The stores whose owners had exited at the last scan. */
  get exited(): StoreReader[] {
    return [...this.#readers.values()].filter(reader => reader.isReadable && reader.isExited)
  }

  /** All open stores, whose numbers are still to be read. */
  get all(): StoreReader[] {
    return [...this.#readers.values()]
  }

  /** True if the files of the store are here. */
  has(id: number): boolean {
    const reader = this.#readers.get(id)
    return reader?.isReadable === true && !this.#isLost(id, reader)
  }

  /** Stops reading a store. */
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

  /** Another reader of a store's open files from their beginning, even if they were unlinked. */
  reopen(id: number): StoreReader | undefined {
    return this.#readers.get(id)?.reopen()
  }

  /** The effects of missing descriptors at the last scan. */
  get shortage(): DescriptorShortage {
    let unread = this.#unopenedForDescriptors
    let reopened = 0
    for (const reader of this.#readers.values()) {
      if (reader.lacksDescriptors) unread++
      else if (reader.files === undefined) reopened++
    }
    return { unread, reopened }
  }

  /** The number of stores in each state, except retired ones. */
  get states(): Record<Exclude<StoreState, 'retired'>, number> {
    const states = { live: 0, damaged: this.#unopened, unknown_version: 0 }
    for (const [id, reader] of this.#readers) {
      if (reader.reading === 'unknown_version') states.unknown_version++
      else if (reader.reading === 'damaged' || reader.names.damage > 0 || this.#isLost(id, reader)) states.damaged++
      else if (!reader.isExited) states.live++
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
      // Open files can still be read, and a directory that could not be listed because no descriptor was free still
      // exists.
      if (lacksDescriptors(error)) this.#unopenedForDescriptors = 1
      else this.#listed = new Set()
    }
  }

  #openListed(): void {
    const listed = new Map<number, StoreName>()
    for (const name of listStores(this.#directory)) listed.set(name.id, name)
    this.#listed = new Set(listed.keys())
    const counted = new Set(this.#totals?.retiredIds)
    this.#unopened = 0
    this.#unopenedForDescriptors = 0
    for (const [id, name] of listed) {
      const known = this.#readers.get(id)
      if (counted.has(id) || (known !== undefined && !known.isUnlinked)) continue
      if (this.#openStore(name, known)) continue
      // If its files have been removed, it was retired; otherwise it cannot be read.
      if (this.#inodeOf(`${name.base}.values`) !== undefined) this.#unopened++
    }
  }

  /** Opens a store; returns false if that failed. */
  #openStore(name: StoreName, known: StoreReader | undefined): boolean {
    try {
      if (known === undefined) this.#readers.set(name.id, StoreReader.open(this.#directory, name))
      else this.#openMoved(name, known)
      return true
    } catch (error) {
      if (lacksDescriptors(error)) this.#unopenedForDescriptors++
      return false
    }
  }

  /** A store that its owner wrote again after its files were removed: from now on the new files are read. */
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
    // If they were removed, the totals that were read before are kept.
    if (catalog === undefined) return
    if (catalog !== known.names.inode()) this.#replaceTotals(known)
    else {
      const values = this.#inodeOf(RETIRED_VALUES)
      if (values !== undefined && values !== known.inode()) known.reopenValues(join(this.#directory, RETIRED_VALUES))
    }
  }

  /** Another herd has begun in the same directory, or the files were rewritten: names and numbers are different. */
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

  /** Stores left over from an earlier herd do not belong to the new one. */
  #checkHerd(herd: number): void {
    const isOther = this.#herd !== 0 && herd !== 0 && herd !== this.#herd
    this.#herd = herd
    if (!isOther) return
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
