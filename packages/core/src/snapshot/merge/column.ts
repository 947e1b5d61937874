import type { FamilyLine } from '../../store/catalog.ts'
import type { Changes } from '../changes.ts'
import type { Source } from '../source.ts'
import { BLOCK_BITS, type BlockSet } from './block-set.ts'
import { IntList } from './int-list.ts'

/** The part of one source in one family: the value at slot `from[i]` is added to series `to[i]` of the sum. */
export class Column<Sum extends SeriesHolder> {
  readonly family: Sum
  /** Retired totals only: the slot with the start time of the newest retired store that had this definition. */
  readonly sinceSlot: number | undefined
  /** When the source declared the family, if later than its start; otherwise 0. */
  readonly since: number
  /** True if the worker is appended to the label values of the source. */
  readonly isApart: boolean
  readonly from: IntList = new IntList()
  readonly to: IntList = new IntList()
  /** The first index of each block's series, once they are sorted by `to`. */
  #starts: Int32Array | undefined

  constructor(family: Sum, { sinceSlot, since = 0 }: Pick<FamilyLine, 'sinceSlot' | 'since'>, isApart: boolean) {
    this.family = family
    this.sinceSlot = sinceSlot
    this.since = since
    this.isApart = isApart
  }

  add(slot: number, series: number): void {
    this.from.push(slot)
    this.to.push(series)
    this.#starts = undefined
    this.family.retain(series)
  }

  /** Removes the series at `slot`. Removals are rare, so there is no index for them. */
  remove(slot: number): void {
    const at = this.from.items.subarray(0, this.from.length).lastIndexOf(slot)
    if (at < 0) return
    const series = this.to.items[at]!
    this.from.removeAt(at)
    this.to.removeAt(at)
    this.#starts = undefined
    this.family.release(series)
  }

  release(): void {
    for (let i = 0; i < this.to.length; i++) this.family.release(this.to.items[i]!)
  }

  /** When the definition that `source` uses was declared. */
  declaredAt({ startedAt, values }: Source): number {
    return Math.max(this.sinceSlot === undefined ? startedAt : (values[this.sinceSlot] ?? 0), this.since)
  }

  /**
   * Adds to `changed` the series that may have changed with these changes of the source; each is `width` slots wide.
   */
  markChanged(changes: Changes, width: number, changed: BlockSet): void {
    const from = this.from.items
    for (let i = 0; i < this.from.length; i++) if (changes.has(from[i]!, width)) changed.add(this.to.items[i]!)
  }

  /** The positions of a block's series: from `starts[block]` to before `starts[block + 1]`. */
  startsOf(blocks: number): Int32Array {
    if (this.#starts?.length !== blocks + 1) this.#starts = this.#sorted(blocks)
    return this.#starts
  }

  #sorted(blocks: number): Int32Array {
    const { length } = this.from
    const from = this.from.items
    const to = this.to.items
    if (!isAscending(to, length)) sortPairs(from, to, length)
    const starts = new Int32Array(blocks + 1)
    for (let i = 0; i < length; i++) starts[(to[i]! >> BLOCK_BITS) + 1] = i + 1
    for (let block = 1; block <= blocks; block++) starts[block] = Math.max(starts[block]!, starts[block - 1]!)
    return starts
  }
}

/** Counts the columns that use each series. */
interface SeriesHolder {
  retain(series: number): void
  release(series: number): void
}

function isAscending(numbers: Int32Array, length: number): boolean {
  for (let i = 1; i < length; i++) if (numbers[i]! < numbers[i - 1]!) return false
  return true
}

/** Sorts both arrays by `to`. */
function sortPairs(from: Int32Array, to: Int32Array, length: number): void {
  // Each pair is combined into one number, so that the native sort of one typed array is enough.
  const pairs = new Float64Array(length)
  for (let i = 0; i < length; i++) pairs[i] = to[i]! * PAIR + from[i]!
  pairs.sort()
  for (let i = 0; i < length; i++) {
    to[i] = Math.floor(pairs[i]! / PAIR)
    from[i] = pairs[i]! % PAIR
  }
}

/** Greater than any slot: readers accept 31 bits. */
const PAIR = 2 ** 31
