import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, threadId } from 'node:worker_threads'
import { promherdError } from '../errors.ts'
import { FAMILIES, INTERNAL_ERROR_CAUSES, type InternalErrorCause } from '../metrics.ts'
import { type CatalogLine, CatalogWriter, type Definition, widthOf } from './catalog.ts'
import { FORMAT_VERSION, HEADER, HEADER_SLOTS, MAGIC, WORKER_STATES, type WorkerState } from './header.ts'
import { openSlab, type Slab, type SlabKind } from './slab.ts'

/**
 * One process's (or thread's) numbers: a slab of float64 slots and a catalog that names them.
 *
 * After it is open nothing here throws, whatever the disk does. A series that cannot have slots of its own (its
 * family is full, or the disk is) shares the family's overflow series, which was reserved when the family was made,
 * so that totals stay exact.
 */
export class Store {
  readonly slab: Slab
  readonly id: number
  readonly worker: number
  readonly startedAt: number
  /** Where the files are; undefined on the heap. */
  readonly paths: StorePaths | undefined
  readonly #catalog: CatalogWriter | undefined
  /** What the catalog would hold, for a store without files: its own process reads it from here. */
  readonly #lines: CatalogLine[] = []
  readonly #families = new Map<string, StoreFamily>()
  readonly #errors: StoreFamily
  readonly #dropped: StoreFamily
  readonly #onTrouble: (cause: InternalErrorCause, message: string) => void
  #length = HEADER_SLOTS
  #familyCount = 0
  #closed = false

  /** Throws what the file system throws where the files cannot be made. */
  constructor(options: StoreOptions) {
    this.worker = options.worker
    this.#onTrouble = options.onTrouble ?? (() => {})
    this.id = newStoreId()
    this.paths = options.directory === undefined ? undefined : storePaths(options.directory, this.worker, this.id)
    this.slab = openSlab(options.slab, this.paths?.values)
    this.#catalog = this.paths && new CatalogWriter(this.paths.catalog)
    this.startedAt = Date.now() / 1000
    this.#writeHeader()
    this.#append({ kind: 'owner', nodeVersion: process.version })
    this.#errors = this.family(FAMILIES.internalErrors)
    this.#dropped = this.family(FAMILIES.seriesDropped)
    for (const cause of INTERNAL_ERROR_CAUSES) this.#errors.slot([cause])
  }

  /**
   * The family that `definition` declares, made at its first use.
   * @throws ERR_PROMHERD_FAMILY_CONFLICT where the name stands for something else already.
   */
  family(definition: Definition, maxSeries: number = DEFAULT_MAX_SERIES): StoreFamily {
    const key = definition.type === 'quantiles' ? `${definition.name}{quantile}` : definition.name
    const existing = this.#families.get(key)
    if (existing !== undefined) {
      refuseConflict(existing.definition, definition)
      return existing
    }
    const overflow = this.#reserve(widthOf(definition))
    const written = overflow !== undefined && this.#append({ kind: 'family', ...definition })
    if (!written)
      this.trouble('store_full', `no room for the family ${definition.name}: it is not in the herd's metrics`)
    // A family without a place in the file counts on the heap, where it harms nobody.
    const slab = written ? this.slab : openSlab('heap', undefined)
    const index = written ? this.#familyCount++ : -1
    const family = new StoreFamily(this, definition, slab, index, maxSeries, written ? overflow : 0)
    this.#families.set(key, family)
    return family
  }

  /** True where the name stands for a family already. */
  has(name: string): boolean {
    return this.#families.has(name)
  }

  /** Slots for one more series, and its line in the catalog; undefined where there is no room. */
  place(family: number, values: readonly string[], width: number): number | undefined {
    if (family < 0) return undefined
    const slot = this.#reserve(width)
    if (slot !== undefined && this.#append({ kind: 'series', family, values, slot })) return slot
    this.trouble('store_full', 'no room for another series: new ones are counted in the overflow series')
    return undefined
  }

  /** The line of the series whose slots were reserved with its family. */
  placeReserved(family: number, values: readonly string[], slot: number, overflow: boolean): void {
    if (family >= 0) this.#append({ kind: 'series', family, values, slot, ...(overflow ? { overflow } : {}) })
  }

  /** Counts one recording that had to share the overflow series of `family`. */
  countDropped(family: string): void {
    const { slab } = this.#dropped
    const slot = this.#dropped.slot([family])
    slab.values[slot] = slab.values[slot]! + 1
  }

  /** Counts a failure of promherd's own, and tells whoever listens. Never throws. */
  trouble(cause: InternalErrorCause, message: string): void {
    const errors: StoreFamily | undefined = this.#errors
    if (errors !== undefined) {
      const slot = errors.slot([cause])
      errors.slab.values[slot] = errors.slab.values[slot]! + 1
    }
    this.#onTrouble(cause, message)
  }

  /** Says that the owner's event loop still turns. */
  beat(now: number = Date.now() / 1000): void {
    this.slab.values[HEADER.heartbeatAt] = now
  }

  /** Says what the owner is doing. */
  setState(state: WorkerState): void {
    const { values } = this.slab
    values[HEADER.state] = WORKER_STATES.indexOf(state)
    values[HEADER.stateChangedAt] = Date.now() / 1000
  }

  /** Brings the file up to date. Never throws. */
  flush(): void {
    if (this.#closed) return
    try {
      this.slab.flush()
    } catch (error) {
      this.trouble('store_write', `the values file could not be written: ${String(error)}`)
    }
  }

  /** Catalog lines from the one numbered `from` on. Only a store on the heap keeps them. */
  linesFrom(from: number): readonly CatalogLine[] {
    return from === 0 ? this.#lines : this.#lines.slice(from)
  }

  /** The last word of the owner: all is written, and the keeper may retire the store. Can be called twice. */
  close(): void {
    if (this.#closed) return
    this.beat()
    this.slab.values[HEADER.closed] = 1
    this.flush()
    this.#closed = true
    try {
      this.slab.close()
      this.#catalog?.close()
    } catch {
      // The process is leaving; its numbers are where they can be.
    }
  }

  #reserve(width: number): number | undefined {
    const slot = this.#length
    if (this.#closed || !this.slab.ensure(slot + width)) return undefined
    this.#length += width
    this.slab.values[HEADER.length] = this.#length
    return slot
  }

  #append(line: CatalogLine): boolean {
    if (this.#catalog !== undefined) return this.#catalog.append(line)
    this.#lines.push(line)
    return true
  }

  #writeHeader(): void {
    const { values } = this.slab
    const owner = ownerIdentity()
    values[HEADER.version] = FORMAT_VERSION
    values[HEADER.storeId] = this.id
    values[HEADER.worker] = this.worker
    values[HEADER.pid] = process.pid
    values[HEADER.pidNamespace] = owner.pidNamespace
    values[HEADER.startTicks] = owner.startTicks
    values[HEADER.startedAt] = this.startedAt
    values[HEADER.heartbeatAt] = this.startedAt
    values[HEADER.length] = this.#length
    values[HEADER.state] = WORKER_STATES.indexOf('starting')
    values[HEADER.stateChangedAt] = this.startedAt
    values[HEADER.threadId] = isMainThread ? 0 : threadId
    // Last, so that a header with it is whole.
    values[HEADER.magic] = MAGIC
    this.slab.flush()
  }
}

export interface StoreOptions {
  readonly slab: SlabKind
  /** Undefined for a store on the heap. */
  readonly directory: string | undefined
  readonly worker: number
  readonly onTrouble?: ((cause: InternalErrorCause, message: string) => void) | undefined
}

/** One family of a store, and where its series are. */
export class StoreFamily {
  readonly definition: Definition
  /** Where the slots are. */
  readonly slab: Slab
  /** The series that takes what has no place of its own. */
  readonly overflow: number
  readonly #store: Store
  readonly #index: number
  readonly #width: number
  readonly #maxSeries: number
  readonly #slots = new Map<string, number>()

  constructor(store: Store, definition: Definition, slab: Slab, index: number, maxSeries: number, overflow: number) {
    this.#store = store
    this.definition = definition
    this.slab = slab
    this.#index = index
    this.#width = widthOf(definition)
    this.#maxSeries = maxSeries
    this.overflow = overflow
    const only = definition.labels.length === 0
    store.placeReserved(
      index,
      definition.labels.map(() => OVERFLOW),
      overflow,
      !only,
    )
    // A family without labels has one series, and no need of another.
    if (only) this.#slots.set(keyOf([]), overflow)
  }

  /** How many series have a place of their own. */
  get size(): number {
    return this.#slots.size
  }

  /** The first slot of the series with these label values, or undefined where it has none. */
  find(values: readonly string[]): number | undefined {
    return this.#slots.get(keyOf(values))
  }

  /**
   * The first slot of the series with these label values, made at its first use; the overflow series where the family
   * or the disk is full, which is counted.
   */
  slot(values: readonly string[]): number {
    const key = keyOf(values)
    const known = this.#slots.get(key)
    if (known !== undefined) return known
    const placed = this.#slots.size < this.#maxSeries ? this.#store.place(this.#index, values, this.#width) : undefined
    if (placed === undefined) {
      if (this.definition !== FAMILIES.seriesDropped) this.#store.countDropped(this.definition.name)
      return this.overflow
    }
    this.#slots.set(key, placed)
    return placed
  }
}

/** The value of every label of an overflow series. */
export const OVERFLOW = '_overflow'

/** Series a family may have before the rest shares one: a bound for mistakes, far above an honest service. */
export const DEFAULT_MAX_SERIES = 1000

/** A key that no other label values have: lengths go before the values, since any text may stand in a value. */
export function keyOf(values: readonly string[]): string {
  if (values.length === 1) return values[0]!
  let key = ''
  for (const value of values) key += `${value.length}:${value}`
  return key
}

export interface StorePaths {
  readonly values: string
  readonly catalog: string
}

/** The files of a store. The name carries what a reader needs to know before it opens them. */
export function storePaths(directory: string, worker: number, id: number): StorePaths {
  const base = join(directory, `${worker}-${id.toString(36)}`)
  return { values: `${base}.values`, catalog: `${base}.catalog` }
}

/** 48 random bits: exact in a float64, and no two starts share them. */
function newStoreId(): number {
  return randomBytes(6).readUIntBE(0, 6)
}

/** What tells this process from every other that may bear its pid; zeros where the platform does not say. */
export function ownerIdentity(): { pidNamespace: number; startTicks: number } {
  return { pidNamespace: pidNamespaceOf('self'), startTicks: startTicksOf('self') ?? 0 }
}

export function pidNamespaceOf(pid: number | 'self'): number {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[0] ?? 0)
  } catch {
    return 0
  }
}

/** When the kernel started a process, in its ticks (field 22 of proc_pid_stat(5)); undefined where it cannot be known. */
export function startTicksOf(pid: number | 'self'): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is a name in brackets that may hold spaces and brackets itself.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  } catch {
    return undefined
  }
}

function refuseConflict(existing: Definition, given: Definition): void {
  for (const part of ['type', 'labels', 'buckets', 'merge'] as const) {
    if (String(existing[part]) !== String(given[part])) {
      throw promherdError('ERR_PROMHERD_FAMILY_CONFLICT', given.name, part, existing[part], given[part])
    }
  }
}
