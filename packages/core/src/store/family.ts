import { FAMILIES } from '../metrics.ts'
import { type Definition, widthOf } from './catalog.ts'
import type { Slab } from './slab.ts'

/** One family of a store, and where its series are. */
export class StoreFamily {
  readonly definition: Definition
  /** Where the slots are. */
  readonly slab: Slab
  /** The series that takes what has no place of its own. */
  readonly overflow: number
  /** How many series may have a place of their own. */
  readonly maxSeries: number
  readonly #home: FamilyHome
  readonly #index: number
  readonly #width: number
  readonly #slots = new Map<string, number>()

  constructor(
    home: FamilyHome,
    definition: Definition,
    slab: Slab,
    index: number,
    maxSeries: number,
    overflow: number,
  ) {
    this.#home = home
    this.definition = definition
    this.slab = slab
    this.#index = index
    this.#width = widthOf(definition)
    this.maxSeries = maxSeries
    this.overflow = overflow
    // A family without labels has one series, and no need of another.
    if (definition.labels.length === 0) this.#slots.set(keyOf([]), overflow)
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
    return this.#slots.get(keyOf(values)) ?? this.#make(values.map(wellFormed))
  }

  #make(values: readonly string[]): number {
    const key = keyOf(values)
    const known = this.#slots.get(key)
    if (known !== undefined) return known
    const placed = this.#slots.size < this.maxSeries ? this.#home.place(this.#index, values, this.#width) : undefined
    if (placed === undefined) {
      if (this.definition !== FAMILIES.seriesDropped) this.#home.countDropped(this.definition.name)
      return this.overflow
    }
    this.#slots.set(key, placed)
    return placed
  }
}

/** Half a surrogate pair has no UTF-8: two values that differ only there would be one series twice on the page. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}

/** Where a family has its slots, as it sees it: its store. */
export interface FamilyHome {
  /** Slots for one more series of the family numbered `family`, and its name; undefined where there is no room. */
  place(family: number, values: readonly string[], width: number): number | undefined
  /** Counts one recording that had to share the overflow series of `family`. */
  countDropped(family: string): void
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
