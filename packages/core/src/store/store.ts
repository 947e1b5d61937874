import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { type Definition, isSame, keyOfFamily, rejectConflict, widthOf } from '../definitions/definition.ts'
import { INTERNAL_ERROR_CAUSES, type InternalErrorCause } from '../definitions/label-values.ts'
import { FAMILIES } from '../definitions/metrics.ts'
import { ownerIdentity } from '../files/owner.ts'
import type { CatalogLine, CatalogWriter } from './catalog.ts'
import { ExemplarBook } from './exemplar-book.ts'
import { DEFAULT_MAX_SERIES, type FamilyHome, OVERFLOW, StoreFamily } from './family.ts'
import { FORMAT_VERSION, HEADER, HEADER_SLOTS, MAGIC, WORKER_STATES, type WorkerState } from './header.ts'
import { type FileStorageKind, MovableStorage, openStorage, type Storage, type StorageKind } from './storage.ts'
import {
  draftFiles,
  nameDrafts,
  openFiles,
  removeDrafts,
  removePaths,
  type StorePaths,
  storePaths,
} from './store-files.ts'

/**
 * The numbers of one process or thread: a storage of float64 slots and a catalog that names them.
 *
 * Once the store is open, no method throws because of the disk, except `moveTo`. If a series cannot get slots of its
 * own (its family or the disk is full), it shares the family's overflow series, which was reserved when the family was
 * created, so that totals stay exact.
 */
export class Store implements FamilyHome {
  readonly storage: MovableStorage
  readonly id: number
  readonly worker: number
  readonly startedAt: number
  #paths: StorePaths | undefined
  #catalog: CatalogWriter | undefined
  /** The catalog lines of a store without files: its own process reads them here. */
  #lines: CatalogLine[] = []
  readonly #families = new Map<string, StoreFamily>()
  /** Withdrawn families, whose names may belong to other families now, by key. */
  readonly #withdrawn = new Map<string, readonly StoreFamily[]>()
  readonly #errors: StoreFamily
  readonly #dropped: StoreFamily
  readonly #onError: (cause: InternalErrorCause, message: string) => void
  #exemplars: ExemplarBook | undefined
  #length = HEADER_SLOTS
  #familyCount = 0
  #closed = false
  /** False until the constructor has finished: earlier failures are thrown by it. */
  #ready = false
  #unwritten = 0
  #fullUntil = 0
  /** True once no slot is reused any more, because the number of created and removed series has reached its limit. */
  #isSpent = false

  /** Throws the errors of the file system if the files cannot be created. */
  constructor(options: StoreOptions) {
    this.worker = options.worker
    this.#onError = options.onError ?? (() => {})
    this.id = newStoreId()
    this.#paths = options.directory === undefined ? undefined : storePaths(options.directory, this.worker, this.id)
    const files = openFiles(options.storage, this.#paths)
    this.storage = new MovableStorage(files.storage)
    this.#catalog = files.catalog
    this.startedAt = Date.now() / 1000
    this.#writeHeader()
    this.#append({ kind: 'owner', nodeVersion: process.version })
    this.#errors = this.family(FAMILIES.internalErrors)
    this.#dropped = this.family(FAMILIES.seriesDropped)
    for (const cause of INTERNAL_ERROR_CAUSES) this.#errors.slot([cause])
    if (this.#unwritten > 0) this.#abandon()
    this.#ready = true
  }

  /** The paths of the files; undefined on the heap. */
  get paths(): StorePaths | undefined {
    return this.#paths
  }

  /** True once the owner has closed the store. */
  get isClosed(): boolean {
    return this.#closed
  }

  /**
   * Writes the store, with all that it has counted, into a directory: for a store on the heap, or one whose files were
   * removed. The files get their final names only when they are complete. Throws the errors of the file system; the
   * store then continues in its old place.
   */
  moveTo(directory: string, kind: FileStorageKind): void {
    if (this.#closed) return
    const paths = storePaths(directory, this.worker, this.id)
    const files = draftFiles(kind, paths)
    try {
      const { storage, catalog } = files
      const isNamed = this.#catalog?.copyTo(catalog) ?? catalog.appendAll(this.#lines)
      if (!isNamed || !storage.ensure(this.#length)) throw noSpaceFor('the store')
      storage.values.set(this.storage.values.subarray(0, this.#length))
      storage.flush()
      nameDrafts(paths)
    } catch (error) {
      files.storage.close()
      files.catalog.close()
      removeDrafts(paths)
      throw error
    }
    this.#catalog?.close()
    this.#catalog = files.catalog
    this.#lines = []
    this.#paths = paths
    this.storage.moveTo(files.storage)
  }

  /**
   * The family that `definition` declares, created at the first use.
   * @throws ERR_PROMHERD_FAMILY_CONFLICT if the name belongs to a different family already.
   */
  family(definition: Definition, maxSeries: number = DEFAULT_MAX_SERIES): StoreFamily {
    const key = keyOfFamily(definition)
    const existing = this.#families.get(key)
    if (existing !== undefined) {
      rejectConflict(existing.definition, definition)
      return existing
    }
    const withdrawn = this.#withdrawn
      .get(key)
      ?.find(each => each.maxSeries === maxSeries && isSame(each.definition, definition))
    if (withdrawn !== undefined && this.#revive(withdrawn)) {
      this.#families.set(key, withdrawn)
      return withdrawn
    }
    const place = this.#placeFamily(definition, this.#withdrawn.has(key) ? Date.now() / 1000 : undefined)
    if (place === undefined) {
      this.#full(`no room for the family ${definition.name}: it is not in the herd's metrics`)
    }
    // A family that is not in the file counts on the heap instead, outside the herd's metrics.
    const { storage, index, overflow } = place ?? { storage: openStorage('memory', undefined), index: -1, overflow: 0 }
    const family = new StoreFamily(this, definition, storage, index, maxSeries, overflow)
    this.#families.set(key, family)
    return family
  }

  /** True if a family with this name exists. */
  has(name: string): boolean {
    return this.#families.has(name)
  }

  /** The family with this name, if it has been declared. */
  familyNamed(name: string): StoreFamily | undefined {
    return this.#families.get(name)
  }

  /**
   * Removes a family with all its series from the herd's metrics, so that its name can be used for another. Returns
   * false if that could not be written; the family then stays.
   */
  withdraw(family: StoreFamily): boolean {
    const key = keyOfFamily(family.definition)
    if (family.index >= 0) {
      if (this.#closed || !this.#append({ kind: 'withdrawn', family: family.index })) return false
      family.vacate()
      this.#withdrawn.set(key, [...(this.#withdrawn.get(key) ?? []), family])
    }
    this.#families.delete(key)
    return true
  }

  /** Declares a withdrawn family again, in its old slots. */
  #revive(family: StoreFamily): boolean {
    const { index, overflow, definition } = family
    if (this.#closed) return false
    this.storage.values.fill(0, overflow, overflow + widthOf(definition))
    const generation = ++this.storage.values[HEADER.generation]!
    if (!this.#append({ ...definition, kind: 'family', index, since: Date.now() / 1000 })) return false
    const values = definition.labels.map(() => OVERFLOW)
    const line = { kind: 'series', family: index, values, slot: overflow, generation } as const
    if (!this.#append(values.length > 0 ? { ...line, overflow: true } : line)) return false
    const key = keyOfFamily(definition)
    this.#withdrawn.set(key, this.#withdrawn.get(key)?.filter(each => each !== family) ?? [])
    return true
  }

  /** A family is complete only with its overflow series: without it, totals would not be exact. */
  #placeFamily(
    definition: Definition,
    since: number | undefined,
  ): { storage: Storage; index: number; overflow: number } | undefined {
    const slot = this.#length
    const width = widthOf(definition)
    if (this.#closed || !this.storage.ensure(slot + width)) return undefined
    const index = this.#familyCount
    const line = { ...definition, kind: 'family', index } as const
    if (!this.#append(since === undefined ? line : { ...line, since })) return undefined
    this.#familyCount++
    const values = definition.labels.map(() => OVERFLOW)
    const overflow = values.length > 0 ? { overflow: true } : {}
    if (!this.#append({ kind: 'series', family: index, values, slot, ...overflow })) return undefined
    this.#take(width)
    return { storage: this.storage, index, overflow: slot }
  }

  /**
   * Reserves slots for one more series, and writes its line to the catalog; undefined if there is no room. `free` is
   * the first slot of a removed series of the same width.
   */
  place(family: number, values: readonly string[], width: number, free?: number): number | undefined {
    if (family < 0 || this.#closed || performance.now() < this.#fullUntil) return undefined
    if (free !== undefined && !this.#mayNameAgain()) return undefined
    // Slots are used up only if the name was written: a full disk must not use up the storage.
    const slot = free === undefined ? this.#placeNew(family, values, width) : this.#reuse(family, values, width, free)
    if (slot !== undefined) return slot
    this.#full('no room for another series: new ones are counted in the overflow series')
    return undefined
  }

  /** Removes the name of a series; returns false if that could not be written. The series then stays. */
  unplace(family: number, slot: number): boolean {
    if (family < 0 || this.#closed) return false
    if (this.#append({ kind: 'removed', family, slot })) return true
    this.#full('no room to say that a series was removed: it stays')
    return false
  }

  #placeNew(family: number, values: readonly string[], width: number): number | undefined {
    const slot = this.#length
    if (!this.storage.ensure(slot + width) || !this.#append({ kind: 'series', family, values, slot })) return undefined
    this.#take(width)
    return slot
  }

  /**
   * Writes zeros first, then the generation, then the name: a reader with the name and with numbers of this or a later
   * generation sees nothing of the previous series. A reader with older numbers waits for its next read.
   */
  #reuse(family: number, values: readonly string[], width: number, slot: number): number | undefined {
    const numbers = this.storage.values
    numbers.fill(0, slot, slot + width)
    const generation = numbers[HEADER.generation]! + 1
    numbers[HEADER.generation] = generation
    return this.#append({ kind: 'series', family, values, slot, generation }) ? slot : undefined
  }

  /**
   * The catalog is append-only, so the number of series that come and go is limited, before the catalog becomes too
   * long for readers. The limit affects only series that reuse a slot: the others are limited by their families.
   */
  #mayNameAgain(): boolean {
    const bytes = this.#catalog?.bytes ?? 0
    if (bytes < MAX_NAME_BYTES && this.#lines.length < MAX_LINES) return true
    if (!this.#isSpent)
      this.reportError('store_full', 'too many series came and went: new ones share the overflow series')
    this.#isSpent = true
    return false
  }

  /** Counts one recording that had to share the overflow series of `family`. */
  countDropped(family: string): void {
    const dropped: StoreFamily | undefined = this.#dropped
    if (dropped === undefined) return
    const slot = dropped.slot([family])
    const { storage } = dropped
    storage.values[slot] = storage.values[slot]! + 1
  }

  /** Counts an internal error of promherd and calls the error listener. Never throws. */
  reportError(cause: InternalErrorCause, message: string): void {
    if (!this.#ready) return
    const { storage, overflow } = this.#errors
    // Only looked up, never created: creating a series may fail, which would call this method again.
    const slot = this.#errors.find([cause]) ?? overflow
    storage.values[slot] = storage.values[slot]! + 1
    try {
      this.#onError(cause, message)
    } catch {
      // An error of the listener must not be thrown into a request.
    }
  }

  /** The exemplars of its series; undefined if none was ever recorded. */
  get exemplars(): ExemplarBook | undefined {
    return this.#exemplars
  }

  /** The exemplars of its series, created at the first use. */
  keepExemplars(): ExemplarBook {
    this.#exemplars ??= new ExemplarBook(() => this.paths)
    return this.#exemplars
  }

  /** Writes new exemplars to the file for other processes. Never throws. */
  settleExemplars(): void {
    try {
      this.#exemplars?.settle()
    } catch (error) {
      this.reportError('store_write', `the exemplars could not be written: ${String(error)}`)
    }
  }

  /** Records that the owner's event loop is running. */
  beat(now: number = clock() / 1000): void {
    this.storage.values[HEADER.heartbeatAt] = now
  }

  /** Sets the state of the owner; undefined if it is not a worker. */
  setState(state: WorkerState | undefined): void {
    const { values } = this.storage
    values[HEADER.state] = state === undefined ? -1 : WORKER_STATES.indexOf(state)
    values[HEADER.stateChangedAt] = Date.now() / 1000
  }

  /** Writes the values to the file. Never throws. */
  flush(): void {
    if (this.#closed) return
    try {
      this.storage.flush()
    } catch (error) {
      this.reportError('store_write', `the values file could not be written: ${String(error)}`)
    }
  }

  /** Catalog lines from index `from` on. Only a store on the heap keeps them. */
  linesFrom(from: number): readonly CatalogLine[] {
    return from === 0 ? this.#lines : this.#lines.slice(from)
  }

  /** Closes the store: everything is written, and the leader of the directory may retire it. Can be called twice. */
  close(): void {
    if (this.#closed) return
    this.beat()
    this.storage.values[HEADER.closed] = 1
    this.flush()
    this.#exemplars?.close()
    this.#closed = true
    this.#letGo()
  }

  #letGo(): void {
    for (const part of [this.storage, this.#catalog]) {
      try {
        part?.close()
      } catch {
        // The process is exiting; everything that could be written is written.
      }
    }
  }

  /** Removes a store that could not be initialised. */
  #abandon(): never {
    this.#letGo()
    removePaths(this.paths)
    throw noSpaceFor('the names of the store')
  }

  #take(width: number): void {
    this.#length += width
    this.storage.values[HEADER.length] = this.#length
  }

  /**
   * Reports that the disk is full, and waits some time before the next attempt, since each attempt costs a system call.
   */
  #full(message: string): void {
    if (this.#closed) return
    this.#fullUntil = performance.now() + RETRY_AFTER_MS
    this.reportError('store_full', message)
  }

  #append(line: CatalogLine): boolean {
    if (this.#catalog === undefined) {
      this.#lines.push(line)
      return true
    }
    const written = this.#catalog.append(line)
    if (!written) this.#unwritten++
    return written
  }

  #writeHeader(): void {
    const { values } = this.storage
    const owner = ownerIdentity()
    values[HEADER.version] = FORMAT_VERSION
    values[HEADER.storeId] = this.id
    values[HEADER.worker] = this.worker
    values[HEADER.pid] = owner.pid
    values[HEADER.pidNamespace] = owner.pidNamespace
    values[HEADER.startTicks] = owner.startTicks
    values[HEADER.startedAt] = this.startedAt
    values[HEADER.heartbeatAt] = this.startedAt
    values[HEADER.length] = this.#length
    values[HEADER.state] = WORKER_STATES.indexOf('starting')
    values[HEADER.stateChangedAt] = this.startedAt
    values[HEADER.threadId] = owner.threadId
    // Written last, so that a header with the magic number is complete.
    values[HEADER.magic] = MAGIC
    try {
      this.storage.flush()
    } catch {
      this.#unwritten++
    }
  }
}

interface StoreOptions {
  readonly storage: StorageKind
  /** Undefined for a store on the heap. */
  readonly directory: string | undefined
  readonly worker: number
  readonly onError?: ((cause: InternalErrorCause, message: string) => void) | undefined
}

/** The delay before the next attempt on a full disk. */
const RETRY_AFTER_MS = 1000
/** Half of what a reader accepts: about 500,000 series in the life of a process, including removed ones. */
const MAX_NAME_BYTES = 2 ** 25
/** The same limit for a store whose names are objects on the heap. */
const MAX_LINES = 2 ** 17

function noSpaceFor(what: string): Error {
  return Object.assign(new Error(`no space left for ${what}`), { code: 'ENOSPC' })
}

/** 48 random bits: exact in a float64, and in practice never the same twice. */
function newStoreId(): number {
  return randomBytes(6).readUIntBE(0, 6)
}

/**
 * The clock of the heartbeat, kept from when this module was loaded: fake timers may be installed and removed, and Jest
 * dismantles them at the end of a test file while the heartbeat continues. If fake timers are already installed at
 * load, Node's own clock is accurate enough.
 */
const clock = isNative(Date.now) ? Date.now : () => performance.timeOrigin + performance.now()

function isNative(method: unknown): boolean {
  return Function.prototype.toString.call(method).includes('[native code]')
}
