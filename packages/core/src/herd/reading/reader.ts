import { fstatSync } from 'node:fs'
import { join } from 'node:path'
import { lacksDescriptors } from '../../files/descriptors.ts'
import { isOwnerAlive } from '../../files/owner.ts'
import { Changes } from '../../snapshot/changes.ts'
import type { Source } from '../../snapshot/source.ts'
import type { Task } from '../../snapshot/task.ts'
import type { StoredExemplar } from '../../store/exemplar.ts'
import { HEADER, HEADER_SLOTS, MAGIC } from '../../store/header.ts'
import type { StoreName } from '../directory/directory.ts'
import { CatalogReader } from './catalog-reader.ts'
import { ExemplarsFile } from './exemplars-file.ts'
import { HeldFile } from './held-file.ts'
import { NamedSlots } from './named-slots.ts'
import { isHollow, type Reading, readFully, readHeader } from './values-file.ts'

/**
 * Reads one store of another process, or of this one, from its files.
 *
 * Both files stay open (see `HeldFile`), so that a store can be read after its owner or the leader removed it. Names
 * are read incrementally: each time only what was appended to the catalog. Once it is open, nothing here throws; damage
 * is counted, and earlier results are kept.
 */
export class StoreReader implements Source {
  readonly name: StoreName
  readonly worker: number | undefined
  values: Float64Array = new Float64Array(HEADER_SLOTS)
  readonly changes: Changes = new Changes()
  /** The result of the last read of the numbers; `damaged` before the first. */
  reading: Reading = 'damaged'
  /** Retired totals only: the ids of the stores that they include. */
  retiredIds: Float64Array = new Float64Array(0)
  exemplars: readonly StoredExemplar[] | undefined
  /** True once the owner has exited: its gauges no longer describe a running process. */
  isExited = false
  /** True once the values file has been unlinked, or its name belongs to another file. */
  isUnlinked = false
  /** True if no descriptor was free at the last read of the numbers. */
  lacksDescriptors = false
  #values: HeldFile
  /** True if another reader opened the files and will close them. */
  readonly #isBorrowed: boolean
  readonly names: CatalogReader
  readonly #named: NamedSlots
  readonly #exemplars: ExemplarsFile | undefined
  #header: Float64Array = new Float64Array(HEADER_SLOTS)
  #buffer: Float64Array = new Float64Array(HEADER_SLOTS)

  /** Throws the errors of the file system: usually ENOENT, for a store that has just been retired. */
  constructor(
    name: StoreName,
    files: {
      values: string | HeldFile
      catalog: string | HeldFile
      exemplars?: string
      worker: number | undefined
      isAlwaysHeld?: boolean
    },
  ) {
    const { values, catalog, exemplars, isAlwaysHeld } = files
    this.name = name
    this.worker = files.worker
    this.#exemplars = exemplars === undefined ? undefined : new ExemplarsFile(exemplars)
    this.#isBorrowed = typeof values !== 'string'
    this.#values = typeof values === 'string' ? new HeldFile(values, { isAlwaysHeld }) : values
    try {
      this.names = new CatalogReader(typeof catalog === 'string' ? new HeldFile(catalog, { isAlwaysHeld }) : catalog)
      this.#named = new NamedSlots(this.names.file)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Opens the reader of a store by its name. */
  static open(directory: string, name: StoreName): StoreReader {
    const path = join(directory, name.base)
    const files = { values: `${path}.values`, catalog: `${path}.catalog`, exemplars: `${path}.exemplars` }
    return new StoreReader(name, { ...files, worker: name.worker })
  }

  /** Returns another reader of the same open files, from their beginning. Use it only while this one is open. */
  reopen(): StoreReader {
    return new StoreReader(this.name, { values: this.#values, catalog: this.names.file, worker: this.worker })
  }

  /** The descriptors of the values and of the names; undefined while they are not held. */
  get files(): { readonly values: number; readonly catalog: number } | undefined {
    const values = this.#values.fd
    const catalog = this.names.file.fd
    return values === undefined || catalog === undefined ? undefined : { values, catalog }
  }

  get startedAt(): number {
    return this.header('startedAt')
  }

  get nodeVersion(): string {
    return this.names.nodeVersion
  }

  /** A field of the header, as it was last read. */
  header(field: keyof typeof HEADER): number {
    return this.#header[HEADER[field]]!
  }

  /**
   * Reads the current numbers. They are read before the names: so each of these numbers already has its name in the
   * catalog.
   */
  *read(): Task<Reading> {
    this.lacksDescriptors = false
    try {
      this.reading = yield* this.#readValues()
    } catch (error) {
      this.lacksDescriptors = lacksDescriptors(error)
      this.reading = 'damaged'
    }
    return this.reading
  }

  /** Reads the newest exemplars; retired totals have none. */
  *readExemplars(): Task<void> {
    if (this.#exemplars !== undefined) this.exemplars = yield* this.#exemplars.read()
  }

  /** Reads only the header. */
  refreshHeader(): void {
    try {
      this.isUnlinked = this.#values.isUnlinked()
      const header = this.#values.use(readHeader)
      if (typeof header !== 'string') this.#header = header
    } catch {
      // The header that was read last is kept.
    }
  }

  /** True once the header could be read; its content is then kept. */
  get isReadable(): boolean {
    return this.header('magic') === MAGIC
  }

  /** True once the numbers have been read, completely or partly. */
  get hasNumbers(): boolean {
    return this.values[HEADER.magic] === MAGIC
  }

  /**
   * True if the owner has closed the store or has exited. In another container: if it showed no activity for
   * `staleAfterMs`.
   */
  isAbandoned(staleAfterMs: number): boolean {
    if (!this.isReadable) return false
    if (this.header('closed') === 1) return true
    const owner = {
      pid: this.header('pid'),
      pidNamespace: this.header('pidNamespace'),
      startTicks: this.header('startTicks'),
      threadId: this.header('threadId'),
    }
    return !isOwnerAlive(owner, this.header('heartbeatAt') * 1000, staleAfterMs)
  }

  /** Switches to another values file: the one that replaced the first by a rename. */
  reopenValues(path: string): void {
    const values = new HeldFile(path, { isAlwaysHeld: true })
    this.#values.close()
    this.#values = values
    this.isUnlinked = false
    this.reading = 'damaged'
  }

  /** The inode of the file that the numbers come from. */
  inode(): number {
    return this.#values.inode
  }

  close(): void {
    if (this.#isBorrowed) return
    this.#values.close()
    this.names?.close()
  }

  *#readValues(): Task<Reading> {
    const [{ size, blocks }, header] = this.#values.use(fd => [fstatSync(fd), readHeader(fd)] as const)
    const slots = Math.floor(size / 8)
    if (typeof header === 'string') return header
    const declared = header[HEADER.length]!
    // No header may make its reader allocate an unlimited amount of memory.
    const length = yield* this.#named.trustedLength(Math.min(declared, MAX_SLOTS))
    const ids = length < declared ? 0 : header[HEADER.retiredIds]!
    const wanted = Math.min(length + ids, slots)
    if (ids > MAX_IDS || isHollow(8 * wanted, blocks)) return 'damaged'
    if (this.#buffer.length < wanted) this.#buffer = enlarged(this.#buffer, Math.max(wanted, this.#buffer.length * 2))
    const known = this.values.length
    let read = 0
    while (read < wanted) {
      const piece = PIECE.subarray(0, Math.min(PIECE_SLOTS, wanted - read))
      const gained = this.#values.use(fd => readFully(fd, piece, 8 * read))
      if (read < known) this.changes.take(piece.subarray(0, gained), this.#buffer, read)
      else this.#buffer.set(piece.subarray(0, gained), read)
      read += gained
      if (gained < piece.length) break
      if (read < wanted) yield
    }
    // Use the generation that was read first: the numbers must be at least as new as their generation.
    if (read > HEADER.generation) this.#buffer[HEADER.generation] = header[HEADER.generation]!
    // If the file was truncated, the earlier numbers are still the best available: a counter must not decrease.
    this.values = this.#buffer.subarray(0, Math.max(Math.min(read, length), known))
    // New zeros count as changes too: a series may begin with them.
    this.changes.mark(known, this.values.length)
    this.retiredIds = this.#buffer.subarray(length, length + ids)
    this.#header = header
    return read < declared + ids ? 'damaged' : 'read'
  }
}

/** The number of slots per read: 64 KiB, which stay in the processor's cache while they are compared. */
const PIECE_SLOTS = 2 ** 13
/** The buffer for reads. All readers share it: between two steps its content is not needed. */
const PIECE = new Float64Array(PIECE_SLOTS)
/** 128 MiB of numbers, a million histogram series: far more than a correct store has. */
const MAX_SLOTS = 2 ** 24
/**
 * Totals contain the ids of the stores that they include, and each store takes 64 KiB: this is far more than a
 * directory holds.
 */
const MAX_IDS = 2 ** 17

function enlarged(values: Float64Array, slots: number): Float64Array {
  const larger = new Float64Array(slots)
  larger.set(values)
  return larger
}
