import { closeSync, ftruncateSync } from 'node:fs'
import { requireInstalled } from '../base/node-require.ts'
import { createFile, removeFile, writeWhole } from '../files/files.ts'
import { HEADER_SLOTS } from './header.ts'

/**
 * The memory under a store: float64 slots, whose number only grows, of one of three kinds.
 *
 * - mmap: the file itself, through `mmap`. Recording is a plain write to memory, and the kernel keeps the data if the
 *   process is killed.
 * - file: the heap, written to the file at exit, and within 100 ms while the process is active.
 * - memory: the heap without a file, for a single process.
 *
 * Files grow by writing zeros and never by truncation to a larger size: on a full file system, a hole under a mapping
 * causes SIGBUS at some later write to memory; a file write fails at once with ENOSPC.
 */
export interface Storage {
  readonly kind: StorageKind
  /**
   * The slots. The array is replaced when the storage grows, so read this property for each use and never keep the array.
   */
  values: Float64Array
  /** Makes room for `slots` slots; if there is none, returns false and changes nothing. */
  ensure(slots: number): boolean
  /** Writes the values to the file. Costs nothing if the file is always current. */
  flush(): void
  /** Flushes and closes the file. The values stay readable. */
  close(): void
}

export const STORAGE_KINDS = ['mmap', 'file', 'memory'] as const
export type StorageKind = (typeof STORAGE_KINDS)[number]
/** The kinds that other processes can read. */
export type FileStorageKind = Exclude<StorageKind, 'memory'>

const BYTES = Float64Array.BYTES_PER_ELEMENT
const INITIAL_SLOTS = 8192 // 64 KiB: about 500 histogram series before the first growth.
/**
 * 128 MiB: the maximum that readers accept, and the size of a mapping. Only the part that the file really has costs
 * memory.
 */
const MAX_SLOTS = 2 ** 24

/** Opens a storage of the given kind; `mmap` needs koffi and throws if it is not installed. */
export function openStorage(kind: StorageKind, path: string | undefined): Storage {
  if (kind === 'memory' || path === undefined) return new MemoryStorage()
  return kind === 'mmap' ? new MmapStorage(path) : new FileStorage(path)
}

/**
 * The storage of a store. It stays the same object when the storage below it is replaced: a store on the heap may get a file
 * later, and a store whose file was removed may get a new one.
 */
export class MovableStorage implements Storage {
  values: Float64Array
  #under: Storage

  constructor(under: Storage) {
    this.#under = under
    this.values = under.values
  }

  get kind(): StorageKind {
    return this.#under.kind
  }

  ensure(slots: number): boolean {
    const isEnough = this.#under.ensure(slots)
    this.values = this.#under.values
    return isEnough
  }

  flush(): void {
    this.#under.flush()
  }

  close(): void {
    try {
      this.#under.close()
    } finally {
      this.values = this.#under.values
    }
  }

  /** Replaces the underlying storage with `storage`, which holds the same numbers. */
  moveTo(storage: Storage): void {
    const before = this.#under
    this.#under = storage
    this.values = storage.values
    before.close()
  }
}

/** True if files can be mapped into memory here: koffi is installed and the platform has `mmap`. */
export function canMap(): boolean {
  try {
    return mmapBinding() !== undefined
  } catch {
    return false
  }
}

class MemoryStorage implements Storage {
  readonly kind = 'memory'
  values: Float64Array = new Float64Array(INITIAL_SLOTS)

  ensure(slots: number): boolean {
    if (slots > this.values.length) this.values = enlarged(this.values, slots)
    return true
  }

  flush(): void {}
  close(): void {}
}

class FileStorage implements Storage {
  readonly kind = 'file'
  values: Float64Array = new Float64Array(INITIAL_SLOTS)
  #file: GrowingFile

  constructor(path: string) {
    this.#file = new GrowingFile(path, INITIAL_SLOTS)
  }

  ensure(slots: number): boolean {
    if (slots <= this.values.length) return true
    if (slots > MAX_SLOTS) return false
    const values = enlarged(this.values, slots)
    if (!this.#file.grow(values.length)) return false
    this.values = values
    return true
  }

  flush(): void {
    this.#file.write(this.values)
  }

  close(): void {
    try {
      this.flush()
    } finally {
      this.#file.close()
    }
  }
}

class MmapStorage implements Storage {
  readonly kind = 'mmap'
  values: Float64Array
  #file: GrowingFile
  /** Returns the first `bytes` bytes of the one mapping, which extends beyond the end of the file. */
  #view: (bytes: number) => Float64Array

  constructor(path: string) {
    const binding = mmapBinding()
    if (binding === undefined) throw new Error('koffi or mmap is missing')
    this.#file = new GrowingFile(path, INITIAL_SLOTS)
    try {
      this.#view = binding(this.#file.fd, MAX_SLOTS * BYTES)
      this.values = this.#view(INITIAL_SLOTS * BYTES)
    } catch (error) {
      this.#file.close()
      removeFile(path)
      throw error
    }
  }

  ensure(slots: number): boolean {
    if (slots <= this.values.length) return true
    const capacity = Math.min(capacityFor(this.values.length, slots), MAX_SLOTS)
    if (slots > MAX_SLOTS || !this.#file.grow(capacity)) return false
    // The file grows first: a write beyond its end would be a fault. Holders of the older array write to the same
    // memory.
    this.values = this.#view(capacity * BYTES)
    return true
  }

  flush(): void {}

  close(): void {
    // Later recordings must not reach the file: the leader of the directory may be adding it to the totals, and a
    // scrape that read a later number would then see it decrease. The mapping itself stays, so that a late write finds
    // memory and does not fault.
    this.values = this.values.slice()
    this.#file.close()
  }
}

/** A file of zeros that grows and never has holes. */
class GrowingFile {
  readonly fd: number
  #slots = 0
  #open = true

  constructor(path: string, slots: number) {
    this.fd = createFile(path)
    if (this.grow(slots)) return
    closeSync(this.fd)
    removeFile(path)
    throw Object.assign(new Error(`no space left for ${path}`), { code: 'ENOSPC' })
  }

  grow(slots: number): boolean {
    const zeros = new Uint8Array((slots - this.#slots) * BYTES)
    try {
      writeWhole(this.fd, zeros, this.#slots * BYTES)
      this.#slots = slots
      return true
    } catch {
      this.#giveBack()
      return false
    }
  }

  write(values: Float64Array): void {
    if (!this.#open) return
    // The header is written last: it contains the generation of the numbers, and everything it describes must already
    // be written.
    const body = HEADER_SLOTS * BYTES
    writeWhole(this.fd, new Uint8Array(values.buffer, body, values.byteLength - body), body)
    writeWhole(this.fd, new Uint8Array(values.buffer, 0, body), 0)
  }

  close(): void {
    if (this.#open) closeSync(this.fd)
    this.#open = false
  }

  #giveBack(): void {
    try {
      ftruncateSync(this.fd, this.#slots * BYTES)
    } catch {
      // A partial write leaves zeros after the last slot, where no reader looks.
    }
  }
}

/** Grow by an eighth: unused slots cost memory in each process of a herd. */
function capacityFor(current: number, wanted: number): number {
  let capacity = current
  while (capacity < wanted) capacity += Math.max(INITIAL_SLOTS, capacity >> 3)
  return capacity
}

function enlarged(values: Float64Array, slots: number): Float64Array {
  const larger = new Float64Array(capacityFor(values.length, slots))
  larger.set(values)
  return larger
}

/** Maps `bytes` bytes of a file, and returns a function for an array over the first bytes of the mapping. */
type Map = (fd: number, bytes: number) => (bytes: number) => Float64Array
let binding: Map | undefined

/**
 * `mmap` of the C library, looked up once. koffi is loaded only here, so that only processes that map files pay for it.
 */
function mmapBinding(): Map | undefined {
  if (binding !== undefined) return binding
  if (process.platform === 'win32') return undefined
  const koffi = requireInstalled<typeof import('koffi')>('koffi')
  const mmap = koffi.load(null).func('void *mmap(void *, size_t, int, int, int, int64_t)')
  const PROT_READ_WRITE = 3
  const MAP_SHARED = 1
  const MAP_FAILED = 0xffff_ffff_ffff_ffffn
  binding = (fd, bytes) => {
    const address: bigint = mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0)
    if (BigInt.asUintN(64, BigInt(address)) === MAP_FAILED) throw new Error(`mmap failed with errno ${koffi.errno()}`)
    return shown => new Float64Array(koffi.view(address, shown))
  }
  return binding
}

/** Unmaps memory. A later read or write there crashes the process. */
export function unmap(address: bigint, bytes: number): void {
  const koffi = requireInstalled<typeof import('koffi')>('koffi')
  koffi.load(null).func('int munmap(uintptr_t, size_t)')(address, bytes)
}
