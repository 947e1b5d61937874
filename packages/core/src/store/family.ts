import { FAMILIES } from '../metrics.ts'
import { type Definition, widthOf } from './catalog.ts'
import { LabelIndex, NONE } from './label-index.ts'
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
  /** What the catalog calls it; less than 0 where it has no place in the file. */
  readonly index: number
  readonly #width: number
  readonly #series: LabelIndex
  /** By the rows of the series: the places that somebody keeps. */
  readonly #places: (Place | undefined)[] = []
  /** Slots that removed series have left. */
  readonly #free: number[] = []

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
    this.index = index
    this.#width = widthOf(definition)
    this.maxSeries = maxSeries
    this.overflow = overflow
    this.#series = new LabelIndex(definition.labels.length)
    // A family without labels has one series, and no need of another.
    if (definition.labels.length === 0) this.#series.add([], overflow)
  }

  /** How many series have a place of their own. */
  get size(): number {
    return this.#series.size
  }

  /** The first slot of the series with these label values, or undefined where it has none. */
  find(values: readonly string[]): number | undefined {
    const row = this.#series.find(values)
    return row === NONE ? undefined : this.#series.slotAt(row)
  }

  /**
   * The first slot of the series with these label values, made at its first use; the overflow series where the family
   * or the disk is full, which is counted. For families whose series are never removed: others keep the `Place`.
   */
  slot(values: readonly string[]): number {
    const row = this.#rowOf(values)
    if (row !== NONE) return this.#series.slotAt(row)
    this.countDropped()
    return this.overflow
  }

  /** The place of the series with these label values, made at its first use; undefined where there is no room. */
  place(values: readonly string[]): Place | undefined {
    return this.#placeAt(this.#rowOf(values))
  }

  /** The place of the series with these label values, if it has one. */
  placeIfAny(values: readonly string[]): Place | undefined {
    return this.#placeAt(this.#rowIfAny(values))
  }

  /** Counts one recording that has no place of its own. */
  countDropped(): void {
    if (this.definition !== FAMILIES.seriesDropped) this.#home.countDropped(this.definition.name)
  }

  /** Removes the series with these label values. Does nothing where there is none, or where a full disk forbids it. */
  remove(values: readonly string[]): void {
    const row = this.#rowIfAny(values)
    if (row !== NONE) this.#remove(row)
  }

  /** Removes every series, and takes back what the overflow series has. */
  clear(): void {
    for (const row of this.#series.rows()) this.#remove(row)
    this.slab.values.fill(0, this.overflow, this.overflow + this.#width)
  }

  /** Takes every series off its place, for a family whose name is gone with all of them: see `Store.withdraw`. */
  vacate(): void {
    for (const row of this.#series.rows()) if (this.#series.slotAt(row) !== this.overflow) this.#leave(row)
  }

  /** Removes the series that nobody has touched for `seconds`, as seen at `now` and at the calls before. */
  expire(now: number, seconds: number): void {
    for (const row of this.#series.rows()) {
      const place = this.#placeAt(row)!
      if (place.touched) {
        place.touched = false
        place.idleSince = now
      } else if (now - place.idleSince >= seconds) this.#remove(row)
    }
  }

  #remove(row: number): void {
    const slot = this.#series.slotAt(row)
    // The one series of a family without labels is its overflow series too, which has to stay.
    if (slot !== this.overflow && this.#home.unplace(this.index, slot)) this.#leave(row)
  }

  /** The slots of the series in this row are free. */
  #leave(row: number): void {
    this.#free.push(this.#series.slotAt(row))
    const place = this.#places[row]
    if (place !== undefined) place.slot = NOWHERE
    this.#places[row] = undefined
    this.#series.remove(row)
  }

  #placeAt(row: number): Place | undefined {
    if (row === NONE) return undefined
    this.#places[row] ??= new Place(this.#series.slotAt(row))
    return this.#places[row]
  }

  #rowIfAny(values: readonly string[]): number {
    const row = this.#series.find(values)
    return row === NONE ? this.#series.find(values.map(wellFormed)) : row
  }

  #rowOf(values: readonly string[]): number {
    const row = this.#series.find(values)
    return row === NONE ? this.#make(values.map(wellFormed)) : row
  }

  #make(values: readonly string[]): number {
    const known = this.#series.find(values)
    if (known !== NONE) return known
    if (this.#series.size >= this.maxSeries) return NONE
    const slot = this.#home.place(this.index, values, this.#width, this.#free.at(-1))
    if (slot === undefined) return NONE
    if (slot === this.#free.at(-1)) this.#free.pop()
    return this.#series.add(values, slot)
  }
}

/** Where a series is. Whoever keeps one looks at it each time: once the series is removed it is nowhere. */
export class Place {
  slot: number
  /** True where the series was recorded to since the last look for idle ones. */
  touched = true
  /** When such a look first found that it was not. */
  idleSince = 0
  /** What somebody keeps for the series as long as it is here, to find it again by its label values. */
  kept: unknown = undefined

  constructor(slot: number) {
    this.slot = slot
  }
}

/** The slot of a series that has been removed, or has not been made. */
export const NOWHERE = -1

/** Half a surrogate pair has no UTF-8: two values that differ only there would be one series twice on the page. */
export function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}

/** Where a family has its slots, as it sees it: its store. */
export interface FamilyHome {
  /**
   * Slots for one more series of the family numbered `family`, and its name; undefined where there is no room. `free`
   * is where there are some already.
   */
  place(family: number, values: readonly string[], width: number, free?: number): number | undefined
  /** Takes the name off the series at `slot`; false where that was not possible. */
  unplace(family: number, slot: number): boolean
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
