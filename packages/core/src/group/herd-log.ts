import { type Definition, type FamilyType, widthOf } from '../definitions/definition.ts'
import { CUMULATIVE_TYPES } from '../snapshot/merge/sums.ts'
import { type Numbers, seriesInPage } from '../snapshot/numbers.ts'
import type { Family, Snapshot } from '../snapshot/snapshot.ts'
import type { Task } from '../snapshot/task.ts'
import { setAbsent } from '../store/absent.ts'
import { encodeLine } from '../store/catalog.ts'
import { HEADER_SLOTS } from '../store/header.ts'
import { encodeEntry, type SlotRange } from './entry.ts'
import { SlotRanges } from './slot-ranges.ts'

/**
 * Snapshots of one herd as names and numbers: a catalog like that of a store, and entries with only the changes since
 * the entry before. A log is one epoch of its herd's names; if its reader has lost it, or most of its series are
 * removed, a new log is begun.
 *
 * Unchanged numbers are found by their pages: the next snapshot contains the same object if nothing in the page has
 * changed.
 */
export class HerdLog {
  readonly epoch: number
  /** The numbers as of the last entry. */
  values: Float64Array = new Float64Array(1024)
  #length = HEADER_SLOTS
  #removedSlots = 0
  #namesBytes = 0
  #lines: string[] = []
  readonly #families = new Map<string, LoggedFamily>()
  readonly #baseline: Baseline
  readonly #clockOffset: number

  /** `baseline` is subtracted from all counters; `clockOffset` seconds are added to times of the host's clock. */
  constructor(epoch: number, baseline: Baseline = new Map(), clockOffset = 0) {
    this.epoch = epoch
    this.#baseline = baseline
    this.#clockOffset = clockOffset
  }

  /** True if most slots belong to removed series. */
  get isSparse(): boolean {
    return this.#removedSlots > MIN_REMOVED_SLOTS && this.#removedSlots > this.#length / 2
  }

  /** The number of slots in use. */
  get length(): number {
    return this.#length
  }

  /** The next entry. Run all steps of one before the next begins. */
  *encode(snapshot: Snapshot, isFull: boolean): Task<LogEntry> {
    const ranges = new SlotRanges()
    const namesFrom = this.#namesBytes
    const present = new Set<LoggedFamily>()
    for (const family of snapshot.families) {
      for (const columns of columnsOf(family)) {
        const logged = this.#familyOf(columns)
        present.add(logged)
        yield* this.#update(logged, columns, ranges)
      }
    }
    for (const logged of this.#families.values()) if (!present.has(logged)) this.#removeAll(logged, ranges)
    const names = Buffer.from(this.#lines.join(''))
    this.#lines = []
    this.#namesBytes += names.length
    const all: SlotRange[] = [[HEADER_SLOTS, this.#length]]
    const header = {
      isFull,
      epoch: this.epoch,
      namesBytes: this.#namesBytes,
      slots: this.#length,
      takenAt: snapshot.takenAt,
    }
    return { names, namesFrom, isFull, bytes: encodeEntry(header, this.values, isFull ? all : ranges.list) }
  }

  /** The counts of this log's counters in `values`, added to an earlier baseline. */
  baselineAt(values: Float64Array): Baseline {
    const baseline = new Map([...this.#baseline].map(([key, series]) => [key, new Map(series)]))
    for (const [key, { definition, width, slots }] of this.#families) {
      if (!CUMULATIVE_TYPES.has(definition.type)) continue
      const series = baseline.get(key) ?? new Map<string, Float64Array>()
      for (const [labels, slot] of slots) {
        const counted = values.slice(slot, slot + width)
        const before = series.get(labels)
        if (before !== undefined) for (let i = 0; i < width; i++) counted[i] = counted[i]! + before[i]!
        if (counted.length === width) series.set(labels, counted)
      }
      baseline.set(key, series)
    }
    return baseline
  }

  #familyOf({ key, definition }: FamilyColumns): LoggedFamily {
    let logged = this.#families.get(key)
    if (logged === undefined) {
      const index = this.#families.size
      this.#lines.push(encodeLine({ ...definition, kind: 'family', index }))
      const width = widthOf(definition)
      logged = { key, definition, index, width, slots: new Map(), labels: NO_LABELS, at: NO_SLOTS, pages: [] }
      this.#families.set(key, logged)
    }
    return logged
  }

  *#update(logged: LoggedFamily, { labels, values }: FamilyColumns, ranges: SlotRanges): Task<void> {
    const isMoved = labels !== logged.labels
    if (isMoved) yield* this.#place(logged, labels, ranges)
    const { width } = values
    const inPage = seriesInPage(width)
    for (const [index, page] of values.pages.entries()) {
      if (!isMoved && page === logged.pages[index]) continue
      const first = index * inPage
      for (let series = 0; series * width < page.length; series++) {
        this.#write(logged, logged.at[first + series]!, labels[first + series]!, page, series * width, ranges)
      }
      yield
    }
    logged.pages = values.pages
  }

  /** Finds the slots of the series with these labels, and removes all other series. */
  *#place(logged: LoggedFamily, labels: FamilyColumns['labels'], ranges: SlotRanges): Task<void> {
    const { slots, width, index } = logged
    const at = new Int32Array(labels.length)
    const missing = new Set(slots.keys())
    for (const [series, values] of labels.entries()) {
      const key = JSON.stringify(values)
      let slot = slots.get(key)
      if (slot === undefined) {
        slot = this.#newSlot(width)
        slots.set(key, slot)
        this.#lines.push(encodeLine({ kind: 'series', family: index, values, slot }))
        ranges.add(slot, slot + width)
      }
      missing.delete(key)
      at[series] = slot
      if (series % SERIES_PER_STEP === SERIES_PER_STEP - 1) yield
    }
    for (const key of missing) this.#remove(logged, key, ranges)
    logged.labels = labels
    logged.at = at
    logged.pages = []
  }

  #write(
    { key, definition, width }: LoggedFamily,
    slot: number,
    labels: readonly string[],
    page: Float64Array,
    from: number,
    ranges: SlotRanges,
  ): void {
    const base = this.#baseline.size === 0 ? undefined : this.#baseline.get(key)?.get(JSON.stringify(labels))
    for (let i = 0; i < width; i++) {
      let value = page[from + i]!
      if (base !== undefined) value = Math.max(0, value - base[i]!)
      if (i === 1 && definition.aggregator === 'latest') value += this.#clockOffset
      const known = this.values[slot + i]!
      if (known === value || (Number.isNaN(known) && Number.isNaN(value))) continue
      this.values[slot + i] = value
      ranges.add(slot + i, slot + i + 1)
    }
  }

  /** Removes a family that is no longer in the snapshot. */
  #removeAll(logged: LoggedFamily, ranges: SlotRanges): void {
    for (const key of [...logged.slots.keys()]) this.#remove(logged, key, ranges)
    logged.labels = NO_LABELS
  }

  #remove({ slots, width }: LoggedFamily, key: string, ranges: SlotRanges): void {
    const slot = slots.get(key)!
    slots.delete(key)
    setAbsent(this.values, slot)
    ranges.add(slot, slot + 1)
    this.#removedSlots += width
  }

  #newSlot(width: number): number {
    const slot = this.#length
    this.#length += width
    if (this.#length > this.values.length) {
      const larger = new Float64Array(Math.max(this.#length, 2 * this.values.length))
      larger.set(this.values)
      this.values = larger
    }
    return slot
  }
}

/** Counts that are already recorded elsewhere: by family and label values. */
export type Baseline = ReadonlyMap<string, ReadonlyMap<string, Float64Array>>

export interface LogEntry {
  /** The new names, and the number of bytes of names before them. */
  readonly names: Buffer
  readonly namesFrom: number
  readonly isFull: boolean
  readonly bytes: Buffer
}

interface LoggedFamily {
  readonly key: string
  readonly definition: Definition
  readonly index: number
  readonly width: number
  /** By label values as JSON. */
  readonly slots: Map<string, number>
  /** The label values of the last snapshot, the slot of each, and the numbers. */
  labels: FamilyColumns['labels']
  at: Int32Array
  pages: readonly Float64Array[]
}

/** A family in the log: a summary consists of two. */
interface FamilyColumns {
  readonly key: string
  readonly definition: Definition
  readonly labels: readonly (readonly string[])[]
  readonly values: Numbers
}

function columnsOf(family: Family): FamilyColumns[] {
  const columns = [columnsFor(family, family.type, family.labelNames, family)]
  const { quantiles } = family
  if (quantiles !== undefined) columns.push(columnsFor(family, 'quantiles', quantiles.labelNames, quantiles))
  return columns
}

function columnsFor(
  { name, help, buckets, aggregator }: Family,
  type: FamilyType,
  labels: readonly string[],
  { labels: values, values: numbers }: { labels: FamilyColumns['labels']; values: Numbers },
): FamilyColumns {
  const definition: Definition = {
    name,
    type,
    help,
    labels,
    buckets,
    aggregator: type === 'quantiles' ? 'worker' : aggregator,
    ...(aggregator === 'average' && type === 'gauge' ? { weighted: true } : {}),
  }
  return { key: JSON.stringify([name, type, labels, buckets, aggregator]), definition, labels: values, values: numbers }
}

const NO_LABELS: FamilyColumns['labels'] = []
const NO_SLOTS = new Int32Array(0)
const SERIES_PER_STEP = 64
const MIN_REMOVED_SLOTS = 1024
