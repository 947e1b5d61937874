import { NOWHERE, Place, type StoreFamily } from '../store/family.ts'
import type { Storage } from '../store/storage.ts'

/**
 * A handle on one series, which returns the slot to write to.
 *
 * Hot path: if the series has slots, this costs one comparison. A series that was removed, or that does not exist yet,
 * is created by the next recording. If it gets no slots, it shares the overflow series and tries again at each
 * recording: so every such recording is counted, and a slot that becomes free is used.
 */
export class Bound {
  readonly storage: Storage
  readonly #family: StoreFamily
  readonly #values: readonly string[]
  #place: Place

  constructor(family: StoreFamily, values: readonly string[]) {
    this.storage = family.storage
    this.#family = family
    this.#values = values
    this.#place = family.placeIfAny(values) ?? UNMADE
  }

  /**
   * The first slot to record into; `NOWHERE` if only an overflow series is left and `family` has none that is served.
   */
  get slot(): number {
    const place = this.#place
    place.touched = true
    return place.slot === NOWHERE ? this.#again() : place.slot
  }

  /** True if the series has slots of its own. */
  get isPlaced(): boolean {
    return this.#place.slot !== NOWHERE
  }

  /** Stores an object with the series until it is removed. Does nothing if the series has no slots of its own. */
  keep(thing: unknown): void {
    if (this.isPlaced) this.#place.kept = thing
  }

  /** Creates the series, if there is room, before the first recording. */
  make(): void {
    this.#place = this.#family.place(this.#values) ?? UNMADE
  }

  #again(): number {
    this.make()
    if (this.isPlaced) return this.#place.slot
    this.#family.countDropped()
    // Counts of many series can be added up; values of gauges cannot.
    return this.#family.definition.type === 'gauge' ? NOWHERE : this.#family.overflow
  }
}

/** The place of every series without slots of its own. */
const UNMADE = new Place(NOWHERE)
