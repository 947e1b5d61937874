import { type Definition, type FamilyType, type Merge, widthOf } from '../store/catalog.ts'

/** The numbers of a family's series, one series after the other, each made of all sources as the family merges. */
export class Sums {
  /** How many numbers a series has here, and in a source. */
  readonly width: number
  readonly sourceWidth: number
  readonly #merge: Merge
  /** True where what one source says replaces what another has said. */
  readonly #isReplaced: boolean
  #values: Float64Array
  /** What was last shown of each number that may not fall. */
  #shown: Float64Array

  constructor(definition: Definition) {
    this.#merge = definition.merge
    this.#isReplaced = definition.merge === 'worker' && !ADDED_FOR_EVER.has(definition.type)
    this.sourceWidth = widthOf(definition)
    this.width = definition.merge === 'mean' ? 2 : this.sourceWidth
    this.#values = new Float64Array(16 * this.width).fill(startOf(this.#merge))
    this.#shown = new Float64Array(this.#values.length)
  }

  /** Begins the sums of the series from `begin` to before `end` anew. */
  clear(begin: number, end: number): void {
    this.#values.fill(startOf(this.#merge), begin * this.width, end * this.width)
  }

  /** Forgets one series, so that another may have its place. */
  forget(series: number): void {
    this.clear(series, series + 1)
    this.#shown.fill(0, series * this.width, (series + 1) * this.width)
  }

  makeRoom(series: number): void {
    if ((series + 1) * this.width <= this.#values.length) return
    const larger = new Float64Array(this.#values.length * 2)
    larger.set(this.#values)
    larger.fill(startOf(this.#merge), this.#values.length)
    this.#values = larger
    const shown = new Float64Array(larger.length)
    shown.set(this.#shown)
    this.#shown = shown
  }

  /** Adds what a source has at `slot`. */
  add(series: number, from: Float64Array, slot: number): void {
    const at = series * this.width
    const values = this.#values
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
        values[at] = values[at]! + value
        values[at + 1] = values[at + 1]! + 1
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

  addOne(series: number, value: number): void {
    const at = series * this.width
    this.#values[at] = this.#values[at]! + value
  }

  /** What the first `length` numbers of a series add up to. */
  total(series: number, length: number): number {
    let total = 0
    const start = series * this.width
    for (let at = start; at < start + length; at++) total += this.#values[at]!
    return total
  }

  isZero(series: number): boolean {
    // How many workers have a mean says nothing of it.
    const width = this.#merge === 'mean' ? 1 : this.width
    const start = series * this.width
    for (let at = start; at < start + width; at++) if (this.#values[at] !== 0) return false
    return true
  }

  /**
   * Fractions that are added in another order, as they are once a store is retired, may come out less in the last
   * digit. Prometheus would take that for a restart from zero.
   */
  keepFromFalling(series: number): void {
    const values = this.#values
    const shown = this.#shown
    const start = series * this.width
    for (let at = start; at < start + this.width; at++) {
      const fall = shown[at]! - values[at]!
      if (fall > 0 && fall <= shown[at]! * ROUNDING) values[at] = shown[at]!
      shown[at] = values[at]!
    }
  }

  /** How many numbers of a series a snapshot shows. */
  get shownWidth(): number {
    return this.#merge === 'latest' || this.#merge === 'mean' ? 1 : this.width
  }

  /** Writes the numbers of a series as a snapshot shows them to `into`, from `to` on. */
  show(series: number, into: Float64Array, to: number): void {
    const values = this.#values
    const start = series * this.width
    if (this.#merge === 'mean') into[to] = values[start]! / values[start + 1]!
    else for (let i = 0; i < this.shownWidth; i++) into[to + i] = values[start + i]!
  }
}

/** What adding in another order may change, as a share: thousands of stores with 53 bits each, and some to spare. */
const ROUNDING = 1e-10

/** The types whose numbers stay when their process is gone. */
export const ADDED_FOR_EVER: ReadonlySet<FamilyType> = new Set(['counter', 'histogram', 'summary'])

/** What a sum begins with. */
function startOf(merge: Merge): number {
  if (merge === 'max' || merge === 'latest') return Number.NEGATIVE_INFINITY
  return merge === 'min' ? Number.POSITIVE_INFINITY : 0
}
