import { type Aggregator, type Definition, type FamilyType, widthOf } from '../../definitions/definition.ts'
import { BLOCK_BITS, BLOCK_SERIES } from './block-set.ts'

/**
 * The numbers of a family's series, computed from all sources by the family's aggregator. They are stored in blocks, so that
 * existing numbers need not be moved when series are added: moving two megabytes would take some milliseconds.
 */
export class Sums {
  /** The count of numbers for each series: here and in a snapshot, and in a source. */
  readonly width: number
  readonly sourceWidth: number
  readonly #aggregator: Aggregator
  readonly #isWeighted: boolean
  /** True if the value of a later source replaces that of an earlier one. */
  readonly #isReplaced: boolean
  readonly #blocks: Float64Array[] = []
  /** By block: the values that were served last, of numbers that must not decrease. */
  readonly #served: Float64Array[] = []

  constructor(definition: Definition) {
    this.#aggregator = definition.aggregator
    this.#isReplaced = definition.aggregator === 'worker' && !CUMULATIVE_TYPES.has(definition.type)
    this.#isWeighted = definition.weighted === true
    this.sourceWidth = widthOf(definition)
    this.width = COUNTS_SOURCES.has(definition.aggregator) ? 2 : this.sourceWidth
  }

  /** Resets the sums of all series of a block. */
  clear(block: number): void {
    this.#blocks[block]?.fill(startOf(this.#aggregator))
  }

  /** Resets one series, so that another can use its place. */
  forget(series: number): void {
    const at = this.#placeOf(series)
    this.#blocks[series >> BLOCK_BITS]!.fill(startOf(this.#aggregator), at, at + this.width)
    this.#served[series >> BLOCK_BITS]?.fill(0, at, at + this.width)
  }

  /** Makes room for a series, whose id is at most one above the existing ones. */
  makeRoom(series: number): void {
    const block = series >> BLOCK_BITS
    const known = this.#blocks[block]
    const inBlock = series % BLOCK_SERIES
    if (known !== undefined && known.length > inBlock * this.width) return
    // Most families are small, so their first block starts small and grows.
    const size = block === 0 ? Math.min(BLOCK_SERIES, Math.max(FEW_SERIES, 2 * inBlock)) : BLOCK_SERIES
    const larger = new Float64Array(size * this.width).fill(startOf(this.#aggregator))
    if (known !== undefined) larger.set(known)
    this.#blocks[block] = larger
  }

  /** The offset of a series in its block. */
  #placeOf(series: number): number {
    return (series % BLOCK_SERIES) * this.width
  }

  /** Adds the value of a source at `slot`. */
  add(series: number, from: Float64Array, slot: number): void {
    const at = this.#placeOf(series)
    const values = this.#blocks[series >> BLOCK_BITS]!
    const value = from[slot]!
    if (this.#isReplaced) {
      // While a worker is replaced, two have the same number: the value of the newer one is used.
      for (let i = 0; i < this.width; i++) values[at + i] = from[slot + i]!
      return
    }
    switch (this.#aggregator) {
      case 'max':
        values[at] = Math.max(values[at]!, value)
        return
      case 'min':
        values[at] = Math.min(values[at]!, value)
        return
      case 'average':
        this.#addAverage(values, at, value, this.#isWeighted ? from[slot + 1]! : 1)
        return
      case 'first':
        if (values[at + 1] === 0) values[at] = value
        values[at + 1] = 1
        return
      case 'latest':
        // The second slot holds the time when it was set; among equal times the first source wins.
        if (from[slot + 1]! <= values[at + 1]!) return
        values[at] = value
        values[at + 1] = from[slot + 1]!
        return
      default:
        for (let i = 0; i < this.width; i++) values[at + i] = values[at + i]! + from[slot + i]!
    }
  }

  #addAverage(values: Float64Array, at: number, value: number, weight: number): void {
    values[at] = values[at]! + value * weight
    values[at + 1] = values[at + 1]! + weight
  }

  addOne(series: number, value: number): void {
    const at = this.#placeOf(series)
    const values = this.#blocks[series >> BLOCK_BITS]!
    values[at] = values[at]! + value
  }

  /** The sum of the first `length` numbers of a series. */
  total(series: number, length: number): number {
    let total = 0
    const values = this.#blocks[series >> BLOCK_BITS]!
    const start = this.#placeOf(series)
    for (let at = start; at < start + length; at++) total += values[at]!
    return total
  }

  isZero(series: number): boolean {
    // The number of sources is not part of the value.
    const width = COUNTS_SOURCES.has(this.#aggregator) ? 1 : this.width
    const values = this.#blocks[series >> BLOCK_BITS]!
    const start = this.#placeOf(series)
    for (let at = start; at < start + width; at++) if (values[at] !== 0) return false
    return true
  }

  /**
   * Sums of fractions in a different order, as after a store is retired, may be smaller in the last digit. Prometheus
   * would take that for a restart from zero.
   */
  keepFromFalling(series: number): void {
    const block = series >> BLOCK_BITS
    const values = this.#blocks[block]!
    const served = this.#servedIn(block, values.length)
    const start = this.#placeOf(series)
    for (let at = start; at < start + this.width; at++) {
      const fall = served[at]! - values[at]!
      if (fall > 0 && fall <= served[at]! * ROUNDING) values[at] = served[at]!
      served[at] = values[at]!
    }
  }

  #servedIn(block: number, length: number): Float64Array {
    const known = this.#served[block]
    if (known?.length === length) return known
    const served = new Float64Array(length)
    if (known !== undefined) served.set(known)
    this.#served[block] = served
    return served
  }

  /** Writes the snapshot's numbers of a series to `into`, from `to` on. */
  writeTo(series: number, into: Float64Array, to: number): void {
    const values = this.#blocks[series >> BLOCK_BITS]!
    const start = this.#placeOf(series)
    for (let i = 0; i < this.width; i++) into[to + i] = values[start + i]!
    if (this.#aggregator === 'average') into[to] = values[start]! / values[start + 1]!
  }
}

/** Aggregators whose second number is the number of sources, or whether there is one. */
const COUNTS_SOURCES: ReadonlySet<Aggregator> = new Set(['average', 'first'])

/** The initial capacity of the first block, in series. */
const FEW_SERIES = 16

/**
 * The greatest relative change that a different order of addition may cause: thousands of stores with 53-bit numbers,
 * with some margin.
 */
const ROUNDING = 1e-10

/** The types whose numbers stay after their process has exited. */
export const CUMULATIVE_TYPES: ReadonlySet<FamilyType> = new Set(['counter', 'histogram', 'summary'])

/** The initial value of a sum. */
function startOf(aggregator: Aggregator): number {
  if (aggregator === 'max' || aggregator === 'latest') return Number.NEGATIVE_INFINITY
  return aggregator === 'min' ? Number.POSITIVE_INFINITY : 0
}
