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
  /** What the catalog calls it; less than 0 where it has no place in the file. */
  readonly index: number
  readonly #width: number
  readonly #places = new Map<string, Place>()
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
    // A family without labels has one series, and no need of another.
    if (definition.labels.length === 0) this.#places.set(keyOf([]), new Place(overflow))
  }

  /** How many series have a place of their own. */
  get size(): number {
    return this.#places.size
  }

  /** The first slot of the series with these label values, or undefined where it has none. */
  find(values: readonly string[]): number | undefined {
    return this.#places.get(keyOf(values))?.slot
  }

  /**
   * The first slot of the series with these label values, made at its first use; the overflow series where the family
   * or the disk is full, which is counted. For families whose series are never removed: others keep the `Place`.
   */
  slot(values: readonly string[]): number {
    const place = this.place(values)
    if (place !== undefined) return place.slot
    this.countDropped()
    return this.overflow
  }

  /** The place of the series with these label values, made at its first use; undefined where there is no room. */
  place(values: readonly string[]): Place | undefined {
    return this.#places.get(keyOf(values)) ?? this.#make(values.map(wellFormed))
  }

  /** The place of the series with these label values, if it has one. */
  placeIfAny(values: readonly string[]): Place | undefined {
    return this.#places.get(keyOf(values.map(wellFormed)))
  }

  /** Counts one recording that has no place of its own. */
  countDropped(): void {
    if (this.definition !== FAMILIES.seriesDropped) this.#home.countDropped(this.definition.name)
  }

  /** Removes the series with these label values. Does nothing where there is none, or where a full disk forbids it. */
  remove(values: readonly string[]): void {
    const key = keyOf(values.map(wellFormed))
    const place = this.#places.get(key)
    if (place !== undefined) this.#remove(key, place)
  }

  /** Removes every series, and takes back what the overflow series has. */
  clear(): void {
    for (const [key, place] of this.#places) this.#remove(key, place)
    this.slab.values.fill(0, this.overflow, this.overflow + this.#width)
  }

  /** Takes every series off its place, for a family whose name is gone with all of them: see `Store.withdraw`. */
  vacate(): void {
    for (const [key, place] of this.#places) {
      if (place.slot === this.overflow) continue
      this.#free.push(place.slot)
      place.slot = NOWHERE
      this.#places.delete(key)
    }
  }

  /** Removes the series that nobody has touched for `seconds`, as seen at `now` and at the calls before. */
  expire(now: number, seconds: number): void {
    for (const [key, place] of this.#places) {
      if (place.touched) {
        place.touched = false
        place.idleSince = now
      } else if (now - place.idleSince >= seconds) this.#remove(key, place)
    }
  }

  #remove(key: string, place: Place): void {
    // The one series of a family without labels is its overflow series too, which has to stay.
    if (place.slot === this.overflow || !this.#home.unplace(this.index, place.slot)) return
    this.#free.push(place.slot)
    place.slot = NOWHERE
    this.#places.delete(key)
  }

  #make(values: readonly string[]): Place | undefined {
    const key = keyOf(values)
    const known = this.#places.get(key)
    if (known !== undefined) return known
    if (this.#places.size >= this.maxSeries) return undefined
    const slot = this.#home.place(this.index, values, this.#width, this.#free.at(-1))
    if (slot === undefined) return undefined
    if (slot === this.#free.at(-1)) this.#free.pop()
    const place = new Place(slot)
    this.#places.set(key, place)
    return place
  }
}

/** Where a series is. Whoever keeps one looks at it each time: once the series is removed it is nowhere. */
export class Place {
  slot: number
  /** True where the series was recorded to since the last look for idle ones. */
  touched = true
  /** When such a look first found that it was not. */
  idleSince = 0

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
