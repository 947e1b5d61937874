import { type Definition, type FamilyType, type Merge, widthOf } from '../store/catalog.ts'
import { BLOCK_BITS, BLOCK_SERIES } from './block-set.ts'

/**
 * The numbers of a family's series, each made of all sources as the family merges. They stand in blocks, so that none
 * has to be moved when more come: two megabytes would be a pause of some milliseconds.
 */
export class Sums {
  /** How many numbers a series has here and in a snapshot, and how many in a source. */
  readonly width: number
  readonly sourceWidth: number
  readonly #merge: Merge
  readonly #isWeighted: boolean
  /** True where what one source says replaces what another has said. */
  readonly #isReplaced: boolean
  readonly #blocks: Float64Array[] = []
  /** What was last shown of each number that may not fall. */
  readonly #shown: Float64Array[] = []

  constructor(definition: Definition) {
    this.#merge = definition.merge
    this.#isReplaced = definition.merge === 'worker' && !ADDED_FOR_EVER.has(definition.type)
    this.#isWeighted = definition.weighted === true
    this.sourceWidth = widthOf(definition)
    this.width = definition.merge === 'mean' ? 2 : this.sourceWidth
  }

  /** Begins the sums of all series of a block anew. */
  clear(block: number): void {
    this.#blocks[block]?.fill(startOf(this.#merge))
  }

  /** Forgets one series, so that another may have its place. */
  forget(series: number): void {
    const at = this.#placeOf(series)
    this.#blocks[series >> BLOCK_BITS]!.fill(startOf(this.#merge), at, at + this.width)
    this.#shown[series >> BLOCK_BITS]?.fill(0, at, at + this.width)
  }

  /** Makes room for a series, whose number is at most one above those that have some. */
  makeRoom(series: number): void {
    const block = series >> BLOCK_BITS
    const known = this.#blocks[block]
    const inBlock = series % BLOCK_SERIES
    if (known !== undefined && known.length > inBlock * this.width) return
    // Most families are small: their one block grows with them.
    const size = block === 0 ? Math.min(BLOCK_SERIES, Math.max(FEW_SERIES, 2 * inBlock)) : BLOCK_SERIES
    const larger = new Float64Array(size * this.width).fill(startOf(this.#merge))
    if (known !== undefined) larger.set(known)
    this.#blocks[block] = larger
  }

  /** Where a series begins in its block. */
  #placeOf(series: number): number {
    return (series % BLOCK_SERIES) * this.width
  }

  /** Adds what a source has at `slot`. */
  add(series: number, from: Float64Array, slot: number): void {
    const at = this.#placeOf(series)
    const values = this.#blocks[series >> BLOCK_BITS]!
    const value = from[slot]!
    if (this.#isReplaced) {
      // While one worker replaces another they have the same number: what the newer one says stands.
      for (let i = 0; i < this.width; i++) values[at + i] = from[slot + i]!
      return
    }
    switch (this.#merge) {
      case 'max':
        values[at] = Math.max(values[at]!, value)
        return
      case 'min':
        values[at] = Math.min(values[at]!, value)
        return
      case 'mean':
        this.#addMean(values, at, value, this.#isWeighted ? from[slot + 1]! : 1)
        return
      case 'latest':
        // The second slot says when it was set; the first to come wins among equals.
        if (from[slot + 1]! <= values[at + 1]!) return
        values[at] = value
        values[at + 1] = from[slot + 1]!
        return
      default:
        for (let i = 0; i < this.width; i++) values[at + i] = values[at + i]! + from[slot + i]!
    }
  }

  #addMean(values: Float64Array, at: number, value: number, weight: number): void {
    values[at] = values[at]! + value * weight
    values[at + 1] = values[at + 1]! + weight
  }

  addOne(series: number, value: number): void {
    const at = this.#placeOf(series)
    const values = this.#blocks[series >> BLOCK_BITS]!
    values[at] = values[at]! + value
  }

  /** What the first `length` numbers of a series add up to. */
  total(series: number, length: number): number {
    let total = 0
    const values = this.#blocks[series >> BLOCK_BITS]!
    const start = this.#placeOf(series)
    for (let at = start; at < start + length; at++) total += values[at]!
    return total
  }

  isZero(series: number): boolean {
    // How many workers have a mean says nothing of it.
    const width = this.#merge === 'mean' ? 1 : this.width
    const values = this.#blocks[series >> BLOCK_BITS]!
    const start = this.#placeOf(series)
    for (let at = start; at < start + width; at++) if (values[at] !== 0) return false
    return true
  }

  /**
   * Fractions that are added in another order, as they are once a store is retired, may come out less in the last
   * digit. Prometheus would take that for a restart from zero.
   */
  keepFromFalling(series: number): void {
    const block = series >> BLOCK_BITS
    const values = this.#blocks[block]!
    const shown = this.#shownIn(block, values.length)
    const start = this.#placeOf(series)
    for (let at = start; at < start + this.width; at++) {
      const fall = shown[at]! - values[at]!
      if (fall > 0 && fall <= shown[at]! * ROUNDING) values[at] = shown[at]!
      shown[at] = values[at]!
    }
  }

  #shownIn(block: number, length: number): Float64Array {
    const known = this.#shown[block]
    if (known?.length === length) return known
    const shown = new Float64Array(length)
    if (known !== undefined) shown.set(known)
    this.#shown[block] = shown
    return shown
  }

  /** Writes the numbers of a series as a snapshot shows them to `into`, from `to` on. */
  show(series: number, into: Float64Array, to: number): void {
    const values = this.#blocks[series >> BLOCK_BITS]!
    const start = this.#placeOf(series)
    for (let i = 0; i < this.width; i++) into[to + i] = values[start + i]!
    if (this.#merge === 'mean') into[to] = values[start]! / values[start + 1]!
  }
}

/** How many series the first block has room for at first. */
const FEW_SERIES = 16

/** What adding in another order may change, as a share: thousands of stores with 53 bits each, and some to spare. */
const ROUNDING = 1e-10

/** The types whose numbers stay when their process is gone. */
export const ADDED_FOR_EVER: ReadonlySet<FamilyType> = new Set(['counter', 'histogram', 'summary'])

/** What a sum begins with. */
function startOf(merge: Merge): number {
  if (merge === 'max' || merge === 'latest') return Number.NEGATIVE_INFINITY
  return merge === 'min' ? Number.POSITIVE_INFINITY : 0
}
