import { closeSync, ftruncateSync } from 'node:fs'
import { requireInstalled } from '../node-require.ts'
import { createFile, removeFile, writeWhole } from './files.ts'
import { HEADER_SLOTS } from './header.ts'

/**
 * The memory under a store: float64 slots that only grow, in one of three places.
 *
 * - mapped: the file itself, through `mmap`. A store is a plain write to memory, and the kernel keeps it when the
 *   process is killed.
 * - flushed: the heap, written to the file at exit, and within 100 ms while the process does something.
 * - heap: the heap, and no file: a process alone.
 *
 * Files grow by writing zeros and never by truncation to a larger size: on a full file system a hole in a mapping is
 * a SIGBUS at some later store, a write is an ENOSPC now.
 */
export interface Slab {
  readonly kind: SlabKind
  /** The slots. Replaced when the slab grows, so read it anew for each use and never keep it. */
  values: Float64Array
  /** Makes room for `slots` slots; answers false, and changes nothing, where there is none. */
  ensure(slots: number): boolean
  /** Brings the file up to date. Costs nothing where it always is. */
  flush(): void
  /** Flushes and lets go of the file. The values stay readable. */
  close(): void
}

export const SLAB_KINDS = ['mapped', 'flushed', 'heap'] as const
export type SlabKind = (typeof SLAB_KINDS)[number]
/** Those that other processes can read. */
export type FileSlabKind = Exclude<SlabKind, 'heap'>

const BYTES = Float64Array.BYTES_PER_ELEMENT
const INITIAL_SLOTS = 8192 // 64 KiB: about 500 histogram series before the first growth.
/** 128 MiB: what readers take, and what a mapping shows of its file, of which only what there is costs memory. */
const MAX_SLOTS = 2 ** 24

/** Opens a slab of the wanted kind; `mapped` needs koffi and throws where it is not there. */
export function openSlab(kind: SlabKind, path: string | undefined): Slab {
  if (kind === 'heap' || path === undefined) return new HeapSlab()
  return kind === 'mapped' ? new MappedSlab(path) : new FlushedSlab(path)
}

/**
 * The slab of a store, which stays the same object while what is under it is replaced: a store on the heap may get a
 * file later, and one whose file was removed another one.
 */
export class MovableSlab implements Slab {
  values: Float64Array
  #under: Slab

  constructor(under: Slab) {
    this.#under = under
    this.values = under.values
  }

  get kind(): SlabKind {
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

  /** Takes `slab`, which has the same numbers, in the place of what was under this one. */
  moveTo(slab: Slab): void {
    const before = this.#under
    this.#under = slab
    this.values = slab.values
    before.close()
  }
}

/** True where files can be mapped into memory here: koffi is installed and the platform has `mmap`. */
export function canMap(): boolean {
  try {
    return mmapBinding() !== undefined
  } catch {
    return false
  }
}

class HeapSlab implements Slab {
  readonly kind = 'heap'
  values: Float64Array = new Float64Array(INITIAL_SLOTS)

  ensure(slots: number): boolean {
    if (slots > this.values.length) this.values = enlarged(this.values, slots)
    return true
  }

  flush(): void {}
  close(): void {}
}

class FlushedSlab implements Slab {
  readonly kind = 'flushed'
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

class MappedSlab implements Slab {
  readonly kind = 'mapped'
  values: Float64Array
  #file: GrowingFile
  /** The first so many bytes of the one mapping, which reaches beyond the end of the file. */
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
    // The file first: a store beyond its end is a fault. Whoever holds the older values writes to the same memory.
    this.values = this.#view(capacity * BYTES)
    return true
  }

  flush(): void {}

  close(): void {
    // What is recorded from now on must not reach the file: the keeper may be adding it up, and a scrape that saw the
    // later number would see it fall. The mapping stays all the same: a late store must find memory, not a fault.
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
    // The header last: it says which generation the numbers are of, and what it says must be there.
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
      // What was half written is zeros after the last slot: no reader looks there.
    }
  }
}

/** An eighth more at a time: each process of a herd has what it does not need. */
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

/** Maps so many bytes of a file, and answers how to look at the first of them. */
type Map = (fd: number, bytes: number) => (bytes: number) => Float64Array
let binding: Map | undefined

/** `mmap` of the C library, found once. koffi is loaded here and nowhere else, so only those who map pay for it. */
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

/** Takes a mapping out of this process. Whoever reads or writes it afterwards ends the process. */
export function unmap(address: bigint, bytes: number): void {
  const koffi = requireInstalled<typeof import('koffi')>('koffi')
  koffi.load(null).func('int munmap(uintptr_t, size_t)')(address, bytes)
}
