import type { FamilyLine } from '../store/catalog.ts'
import { BLOCK_BITS, type BlockSet } from './block-set.ts'
import type { Changes } from './changes.ts'
import { IntList } from './int-list.ts'
import type { Source } from './source.ts'

/** What one source has of one family: what stands at slot `from[i]` goes to series `to[i]` of the sum. */
export class Column<Sum extends SeriesHolder> {
  readonly family: Sum
  /** Totals of the dead: where it stands when the newest of them started. */
  readonly sinceSlot: number | undefined
  /** When the source declared the family, where that was later than its start; else 0. */
  readonly since: number
  /** True where the worker is added to the label values that the source has. */
  readonly isApart: boolean
  readonly from: IntList = new IntList()
  readonly to: IntList = new IntList()
  /** Where the series of each block begin, once they stand in the order of `to`. */
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
    this.family.hold(series)
  }

  /** Takes out what stands at `slot`. Series go seldom, so nothing is kept to find it faster. */
  remove(slot: number): void {
    const at = this.from.items.subarray(0, this.from.length).lastIndexOf(slot)
    if (at < 0) return
    const series = this.to.items[at]!
    this.from.removeAt(at)
    this.to.removeAt(at)
    this.#starts = undefined
    this.family.letGo(series)
  }

  letGo(): void {
    for (let i = 0; i < this.to.length; i++) this.family.letGo(this.to.items[i]!)
  }

  /** When what `source` means by the family was declared. */
  declaredAt({ startedAt, values }: Source): number {
    return Math.max(this.sinceSlot === undefined ? startedAt : (values[this.sinceSlot] ?? 0), this.since)
  }

  /** Adds the series to `changed` that a source with these changes may have changed, each `width` slots wide. */
  markChanged(changes: Changes, width: number, changed: BlockSet): void {
    const from = this.from.items
    for (let i = 0; i < this.from.length; i++) if (changes.has(from[i]!, width)) changed.add(this.to.items[i]!)
  }

  /** Where the series of a block stand: from `starts[block]` to before `starts[block + 1]`. */
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

/** Who counts how many columns have each series. */
interface SeriesHolder {
  hold(series: number): void
  letGo(series: number): void
}

function isAscending(numbers: Int32Array, length: number): boolean {
  for (let i = 1; i < length; i++) if (numbers[i]! < numbers[i - 1]!) return false
  return true
}

/** Brings both into the order of `to`. */
function sortPairs(from: Int32Array, to: Int32Array, length: number): void {
  // Both numbers in one, so that the one native sort of a typed array does it.
  const pairs = new Float64Array(length)
  for (let i = 0; i < length; i++) pairs[i] = to[i]! * PAIR + from[i]!
  pairs.sort()
  for (let i = 0; i < length; i++) {
    to[i] = Math.floor(pairs[i]! / PAIR)
    from[i] = pairs[i]! % PAIR
  }
}

/** Above any slot, of which readers know 31 bits. */
const PAIR = 2 ** 31
