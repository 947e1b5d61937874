import { keyOf } from '../../store/family.ts'
import type { CustomLabels } from './custom-labels.ts'
import type { LabelInputs } from './outcome.ts'

/**
 * The label values that many exchanges share: the scheme, the HTTP version, and the user-defined labels. It keeps the
 * slots of the series with these values, found by route and by one small integer for the other labels, without building
 * a string. Only series with a slot of their own are kept, so that series that the store does not keep use no memory
 * here either.
 */
export class LabelSet {
  /** `http`, `https`, or '' if the naming has no scheme. */
  readonly scheme: string
  /** The HTTP version; '' if the naming has none, or if it is unknown. */
  readonly version: string
  /** The values of the user-defined labels. */
  readonly custom: readonly string[]
  readonly #routes = new Map<string, RouteSlots>()

  constructor(scheme: string, version: string, custom: readonly string[]) {
    this.scheme = scheme
    this.version = version
    this.custom = custom
  }

  /** The slots of the series with this route; undefined if none is kept. */
  slotsOf(route: string): RouteSlots | undefined {
    return this.#routes.get(route)
  }

  /** Keeps the slot of a series. */
  keep(family: number, route: string, key: number, slot: number): void {
    let slots = this.#routes.get(route)
    if (slots === undefined) {
      // Room for the families of the hot path: an empty array would grow to 17 elements at its first one.
      slots = [undefined, undefined]
      this.#routes.set(route, slots)
    }
    slots[family] ??= new Map()
    slots[family].set(key, slot)
  }
}

/** The kept slots of the series with one route: by the index of the family (`HttpFamilies`), then by key. */
type RouteSlots = (Map<number, number> | undefined)[]

/** The label sets of one recorder, each created once. */
export class LabelSets {
  readonly #custom: CustomLabels
  readonly #most: number
  readonly #known = new Map<string, LabelSet>()

  /** Keeps at most `most` of them: beyond that the families are full, so a kept set would find no series. */
  constructor(custom: CustomLabels, most: number) {
    this.#custom = custom
    this.#most = most
  }

  /** The label set of an exchange. Never throws. */
  of(inputs: LabelInputs, scheme: string, version: string): LabelSet {
    const custom = this.#custom.valuesOf(inputs)
    const key = `${scheme} ${version} ${keyOf(custom)}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const made = new LabelSet(scheme, version, custom)
    if (this.#known.size < this.#most) this.#known.set(key, made)
    return made
  }
}
