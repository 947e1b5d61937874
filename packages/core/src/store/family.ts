import { type Definition, widthOf } from '../definitions/definition.ts'
import { FAMILIES } from '../definitions/metrics.ts'
import { LabelIndex, NONE } from './label-index.ts'
import type { Storage } from './storage.ts'

/** One family of a store, and the slots of its series. */
export class StoreFamily {
  readonly definition: Definition
  /** The storage that holds the slots. */
  readonly storage: Storage
  /** The first slot of the series that receives recordings of series without slots of their own. */
  readonly overflow: number
  /** The maximum number of series with slots of their own. */
  readonly maxSeries: number
  readonly #home: FamilyHome
  /** Its index in the catalog; negative if it is not in the file. */
  readonly index: number
  readonly #width: number
  readonly #series: LabelIndex
  /** By row: the places that were handed out. */
  readonly #places: (Place | undefined)[] = []
  /** Slots of removed series. */
  readonly #free: number[] = []

  constructor(
    home: FamilyHome,
    definition: Definition,
    storage: Storage,
    index: number,
    maxSeries: number,
    overflow: number,
  ) {
    this.#home = home
    this.definition = definition
    this.storage = storage
    this.index = index
    this.#width = widthOf(definition)
    this.maxSeries = maxSeries
    this.overflow = overflow
    this.#series = new LabelIndex(definition.labels.length)
    // A family without labels has exactly one series.
    if (definition.labels.length === 0) this.#series.add([], overflow)
  }

  /** The number of series with slots of their own. */
  get size(): number {
    return this.#series.size
  }

  /** The first slot of the series with these label values, or undefined if it has none. */
  find(values: readonly string[]): number | undefined {
    const row = this.#series.find(values)
    return row === NONE ? undefined : this.#series.slotAt(row)
  }

  /**
   * The first slot of the series with these label values, which is created at the first use. If the family or the disk
   * is full, counts that and returns the overflow series. Only for families whose series are never removed: for others
   * keep the `Place`.
   */
  slot(values: readonly string[]): number {
    const row = this.#rowOf(values)
    if (row !== NONE) return this.#series.slotAt(row)
    this.countDropped()
    return this.overflow
  }

  /**
   * The place of the series with these label values, which is created at the first use; undefined if there is no room.
   */
  place(values: readonly string[]): Place | undefined {
    return this.#placeAt(this.#rowOf(values))
  }

  /** The place of the series with these label values, if it has one. */
  placeIfAny(values: readonly string[]): Place | undefined {
    return this.#placeAt(this.#rowIfAny(values))
  }

  /** Counts one recording that has no slots of its own. */
  countDropped(): void {
    if (this.definition !== FAMILIES.seriesDropped) this.#home.countDropped(this.definition.name)
  }

  /** Removes the series with these label values. Does nothing if it does not exist, or if the disk is full. */
  remove(values: readonly string[]): void {
    const row = this.#rowIfAny(values)
    if (row !== NONE) this.#remove(row)
  }

  /** Removes every series and resets the overflow series to zero. */
  clear(): void {
    for (const row of this.#series.rows()) this.#remove(row)
    this.storage.values.fill(0, this.overflow, this.overflow + this.#width)
  }

  /**
   * Frees the slots of every series, for a family that is withdrawn from the catalog as a whole: see `Store.withdraw`.
   */
  vacate(): void {
    for (const row of this.#series.rows()) if (this.#series.slotAt(row) !== this.overflow) this.#leave(row)
  }

  /** Removes series without a recording for `seconds`, judged by `now` and by the times of earlier calls. */
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
    // The only series of a family without labels is also its overflow series, which must stay.
    if (slot !== this.overflow && this.#home.unplace(this.index, slot)) this.#leave(row)
  }

  /** Marks the slots of the series in this row as free. */
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

/** The slots of a series. Holders of a place check it at each use: once the series is removed, `slot` is `NOWHERE`. */
export class Place {
  slot: number
  /** True if the series was recorded to since the last scan for idle series. */
  touched = true
  /** When a scan first found it without a recording. */
  idleSince = 0
  /** An object that is stored with the series until it is removed, to be found by its label values. */
  kept: unknown = undefined

  constructor(slot: number) {
    this.slot = slot
  }
}

/** The slot of a series that was removed or has not been created. */
export const NOWHERE = -1

/**
 * An unpaired surrogate has no UTF-8 encoding: two values that differ only there would be the same series twice on the
 * page.
 */
export function wellFormed(text: string): string {
  return Buffer.from(text).toString()
}

/** The interface that a family needs of its store. */
export interface FamilyHome {
  /**
   * Reserves slots for one more series of the family with index `family`, and writes its name; undefined if there is no
   * room. `free` is a slot that can be reused.
   */
  place(family: number, values: readonly string[], width: number, free?: number): number | undefined
  /** Removes the name of the series at `slot`; returns false if that was not possible. */
  unplace(family: number, slot: number): boolean
  /** Counts one recording that had to share the overflow series of `family`. */
  countDropped(family: string): void
}

/** The value of every label of an overflow series. */
export const OVERFLOW = '_overflow'

/**
 * The number of series that a family may have before the others share one: a limit against mistakes, far above the
 * needs of a correct service.
 */
export const DEFAULT_MAX_SERIES = 1000

/**
 * A unique key for these label values: each value is preceded by its length, since values may contain any characters.
 */
export function keyOf(values: readonly string[]): string {
  if (values.length === 1) return values[0]!
  let key = ''
  for (const value of values) key += `${value.length}:${value}`
  return key
}
