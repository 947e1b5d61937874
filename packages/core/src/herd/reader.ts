import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Source } from '../snapshot/source.ts'
import { type CatalogLine, isGivenUp } from '../store/catalog.ts'
import { FORMAT_VERSION, HEADER, HEADER_SLOTS, MAGIC } from '../store/header.ts'
import { isOwnerAlive } from '../store/owner.ts'
import type { StoreName } from './directory.ts'
import { KnownNames } from './names.ts'

/**
 * Reads one store of another process, or of this one, from its files.
 *
 * Both stay open, so that a store can be read to the end after its owner or the keeper removed it. Names are read
 * once: each time only what the catalog has gained. Nothing here throws once it is open; damage is counted, and
 * what could be read before is kept.
 */
export class StoreReader implements Source {
  readonly name: StoreName
  readonly worker: number | undefined
  values: Float64Array = new Float64Array(HEADER_SLOTS)
  /** What the last look gave. */
  reading: Reading = 'damaged'
  /** Lines of the catalog that are none. */
  damage = 0
  /** True once the catalog could not be read to its end. */
  isCut = false
  nodeVersion = ''
  /** Retired totals only: the stores that they include already. */
  retiredIds: Float64Array = new Float64Array(0)
  /** True once the owner is gone: its gauges speak of nothing any more. */
  gone = false
  readonly #names: KnownNames
  #valuesFd: number
  readonly #catalogFd: number
  #offset = 0
  #rest = Buffer.alloc(0)
  #buffer: Float64Array = new Float64Array(HEADER_SLOTS)
  #lines: CatalogLine[] = []

  /** Throws what the file system throws: mostly ENOENT, for a store that has just been retired. */
  constructor(
    directory: string,
    name: StoreName,
    files: { values: string; catalog: string; worker: number | undefined },
    names: KnownNames = new KnownNames(),
  ) {
    this.name = name
    this.#names = names
    this.worker = files.worker
    this.#valuesFd = openToRead(join(directory, files.values))
    try {
      this.#catalogFd = openToRead(join(directory, files.catalog))
    } catch (error) {
      closeSync(this.#valuesFd)
      throw error
    }
  }

  /** A store's reader, by the store's name. Readers of one herd share what they know of names. */
  static open(directory: string, name: StoreName, names?: KnownNames): StoreReader {
    const files = { values: `${name.base}.values`, catalog: `${name.base}.catalog`, worker: name.worker }
    return new StoreReader(directory, name, files, names)
  }

  get startedAt(): number {
    return this.header('startedAt')
  }

  header(field: keyof typeof HEADER): number {
    return this.values[HEADER[field]]!
  }

  /** Reads what is there now. The numbers come first: each that is read then has had its name written. */
  refresh(): Reading {
    try {
      this.reading = this.#readValues()
    } catch {
      this.reading = 'damaged'
    }
    return this.reading
  }

  /** True once the numbers have been read whole or in part; what was read then stays. */
  get isReadable(): boolean {
    return this.header('magic') === MAGIC
  }

  /** True where the owner has said its last word, or is gone; in another container, where it gave no sign for so long. */
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

  takeLines(): readonly CatalogLine[] {
    this.#readCatalog()
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  /** Reads another values file from now on: the one that was renamed into the place of the first. */
  reopenValues(path: string): void {
    const fd = openToRead(path)
    closeSync(this.#valuesFd)
    this.#valuesFd = fd
  }

  /** Which file the numbers come from. */
  inode(): number {
    return fstatSync(this.#valuesFd).ino
  }

  /** Which file the names come from. */
  catalogInode(): number {
    return fstatSync(this.#catalogFd).ino
  }

  close(): void {
    closeSync(this.#valuesFd)
    closeSync(this.#catalogFd)
  }

  #readValues(): Reading {
    const slots = Math.floor(fstatSync(this.#valuesFd).size / 8)
    const header = new Float64Array(HEADER_SLOTS)
    if (readFully(this.#valuesFd, header, 0) < HEADER_SLOTS || header[HEADER.magic] !== MAGIC) return 'damaged'
    if (header[HEADER.version] !== FORMAT_VERSION) return 'unknown_version'
    const length = header[HEADER.length]!
    const ids = header[HEADER.retiredIds]!
    if (!isLength(length, HEADER_SLOTS) || !isLength(ids, 0)) return 'damaged'
    const wanted = Math.min(length + ids, slots)
    // Nothing that a file says of itself may make its reader take all the memory there is.
    if (wanted > MAX_SLOTS) return 'damaged'
    if (this.#buffer.length < wanted) this.#buffer = enlarged(this.#buffer, Math.max(wanted, this.#buffer.length * 2))
    const read = readFully(this.#valuesFd, this.#buffer.subarray(0, wanted), 0)
    // What was read first, since the numbers must be at least as new as what their header says of them.
    if (read > HEADER.generation) this.#buffer[HEADER.generation] = header[HEADER.generation]!
    // Of a file that was cut short the last numbers are still the best there are: a counter must not fall.
    this.values = this.#buffer.subarray(0, Math.max(Math.min(read, length), this.values.length))
    this.retiredIds = this.#buffer.subarray(length, length + ids)
    return read < length + ids ? 'damaged' : 'read'
  }

  #readCatalog(): void {
    try {
      const { size } = fstatSync(this.#catalogFd)
      const end = Math.min(size, MAX_CATALOG_BYTES)
      while (this.#offset < end) {
        const gained = Buffer.allocUnsafe(Math.min(end - this.#offset, CHUNK_BYTES))
        const read = readSync(this.#catalogFd, gained, 0, gained.length, this.#offset)
        if (read === 0) break
        this.#offset += read
        this.#split(Buffer.concat([this.#rest, gained.subarray(0, read)]))
      }
      if (size > end) this.#cut()
    } catch {
      this.#cut()
    }
  }

  #cut(): void {
    this.isCut = true
    this.damage++
  }

  /** Whole lines become names; what follows the last line break waits for its rest. */
  #split(text: Buffer): void {
    const end = text.lastIndexOf(10)
    this.#rest = Buffer.from(text.subarray(end + 1))
    if (this.#rest.length > CHUNK_BYTES) {
      this.#rest = Buffer.alloc(0)
      this.damage++
    }
    if (end < 0) return
    for (const line of text.toString('utf8', 0, end).split('\n')) {
      if (line === '' || isGivenUp(line)) continue
      const decoded = this.#names.decode(line)
      if (decoded === undefined) this.damage++
      else if (decoded.kind === 'owner') this.nodeVersion = decoded.nodeVersion
      else this.#lines.push(decoded)
    }
  }
}

/** What a look at a values file gave. */
export type Reading = 'read' | 'damaged' | 'unknown_version'

/** 128 MiB of numbers, a million histogram series: far above an honest store. */
const MAX_SLOTS = 2 ** 24
const MAX_CATALOG_BYTES = 2 ** 26
/** How much of a catalog is read at once; no line is longer. */
const CHUNK_BYTES = 2 ** 20

/** Never waits: a pipe in the place of a file would not open before somebody writes to it. */
function openToRead(path: string): number {
  return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
}

function isLength(value: number, least: number): boolean {
  return Number.isInteger(value) && value >= least
}

function enlarged(values: Float64Array, slots: number): Float64Array {
  const larger = new Float64Array(slots)
  larger.set(values)
  return larger
}

function readFully(fd: number, into: Float64Array, position: number): number {
  const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength)
  let done = 0
  while (done < bytes.length) {
    const read = readSync(fd, bytes, done, bytes.length - done, position + done)
    if (read === 0) break
    done += read
  }
  return Math.floor(done / 8)
}
