import { NOWHERE, Place, type StoreFamily } from './family.ts'
import type { Slab } from './slab.ts'

/**
 * The hold on one series: where to write, at the cost of one look.
 *
 * Hot: a series that is in its place costs a comparison. One that was removed, or has not been made, is made by the
 * recording that needs it. One that gets no place shares the overflow series and asks again each time: so every such
 * recording is counted, and a place that becomes free is taken.
 */
export class Bound {
  readonly slab: Slab
  readonly #family: StoreFamily
  readonly #values: readonly string[]
  #place: Place

  constructor(family: StoreFamily, values: readonly string[]) {
    this.slab = family.slab
    this.#family = family
    this.#values = values
    this.#place = family.placeIfAny(values) ?? UNMADE
  }

  /** The first slot for one recording; `NOWHERE` where only an overflow series is left and `family` shows none. */
  get slot(): number {
    const place = this.#place
    place.touched = true
    return place.slot === NOWHERE ? this.#again() : place.slot
  }

  /** True where the series has a place of its own. */
  get isPlaced(): boolean {
    return this.#place.slot !== NOWHERE
  }

  /** Keeps something for the series until it is removed; nothing where it has no place of its own. */
  keep(thing: unknown): void {
    if (this.isPlaced) this.#place.kept = thing
  }

  /** Makes the series where there is room, before there is anything to record. */
  make(): void {
    this.#place = this.#family.place(this.#values) ?? UNMADE
  }

  #again(): number {
    this.make()
    if (this.isPlaced) return this.#place.slot
    this.#family.countDropped()
    // Counts of many series add up; of gauges that would be nonsense.
    return this.#family.definition.type === 'gauge' ? NOWHERE : this.#family.overflow
  }
}

/** The place of every series that has none. */
const UNMADE = new Place(NOWHERE)
