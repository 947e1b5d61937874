import { ERROR_CATEGORIES, type ErrorCategory, FAMILIES, STREAM_KINDS, type StreamKind } from '../metrics.ts'
import type { Definition } from '../store/catalog.ts'
import type { Store, StoreFamily } from '../store/store.ts'
import { METHODS } from './labels.ts'

/**
 * Where the numbers of HTTP exchanges are: from labels to slots without a text being made for it.
 *
 * A series is found by its route, then by one small number for the other labels. Only series with a place of their
 * own are remembered, so that what the store does not keep takes no memory here either.
 */
export class HttpSeries {
  readonly #durations: StoreFamily
  readonly #requests: StoreFamily
  readonly #errors: StoreFamily
  readonly #inFlight: StoreFamily
  readonly #streams: StoreFamily
  readonly #ended: StoreFamily
  readonly #bounds: Float64Array
  readonly #routes = new Map<string, RouteSlots>()

  /** @throws ERR_PROMHERD_FAMILY_CONFLICT where the store has the histogram with other buckets already. */
  constructor(store: Store, buckets: readonly number[]) {
    const durations: Definition = { ...FAMILIES.requestDuration, buckets }
    this.#durations = store.family(durations)
    // Only what has no duration is added to it here: snapshots add the counts of the histogram.
    this.#requests = store.family(FAMILIES.requests)
    this.#errors = store.family(FAMILIES.requestErrors)
    this.#inFlight = store.family(FAMILIES.requestsInFlight)
    this.#streams = store.family(FAMILIES.streamsOpen)
    for (const kind of STREAM_KINDS) this.#streams.slot([kind])
    this.#ended = store.family(FAMILIES.workerRequests)
    this.#bounds = Float64Array.from(buckets)
  }

  /** Changes how many exchanges are open. */
  addInFlight(change: number): void {
    add(this.#inFlight, this.#inFlight.overflow, change)
  }

  /** Changes how many streams are open. */
  addStreams(kind: StreamKind, change: number): void {
    add(this.#streams, this.#streams.slot([kind]), change)
  }

  /** Counts one exchange that has ended and whose time says nothing: a stream, or what Node refused. */
  countUntimed(method: number, route: string, status: number, category: ErrorCategory | undefined): void {
    add(this.#requests, this.#requests.slot([METHODS[method]!, route, String(status)]), 1)
    add(this.#ended, this.#ended.overflow, 1)
    if (category !== undefined) this.#countError(method, route, category)
  }

  /** Counts one exchange that has ended. */
  count(method: number, route: string, status: number, seconds: number, category: ErrorCategory | undefined): void {
    const slots = this.#routes.get(route)
    const slot = slots?.durations.get(method * STATUSES + status) ?? this.#placeDuration(method, route, status)
    const { values } = this.#durations.slab
    const bucket = slot + this.#bucketOf(seconds)
    const sum = slot + this.#bounds.length + 1
    values[bucket] = values[bucket]! + 1
    values[sum] = values[sum]! + seconds
    add(this.#ended, this.#ended.overflow, 1)
    if (category !== undefined) this.#countError(method, route, category)
  }

  #countError(method: number, route: string, category: ErrorCategory): void {
    const key = ERROR_CATEGORIES.indexOf(category) * METHODS.length + method
    const slot = this.#routes.get(route)?.errors.get(key) ?? this.#placeError(method, route, category, key)
    add(this.#errors, slot, 1)
  }

  #placeDuration(method: number, route: string, status: number): number {
    const slot = this.#durations.slot([METHODS[method]!, route, String(status)])
    if (slot !== this.#durations.overflow) this.#slotsOf(route).durations.set(method * STATUSES + status, slot)
    return slot
  }

  #placeError(method: number, route: string, category: ErrorCategory, key: number): number {
    const slot = this.#errors.slot([METHODS[method]!, route, category])
    if (slot !== this.#errors.overflow) this.#slotsOf(route).errors.set(key, slot)
    return slot
  }

  #slotsOf(route: string): RouteSlots {
    let slots = this.#routes.get(route)
    if (slots === undefined) {
      slots = { durations: new Map(), errors: new Map() }
      this.#routes.set(route, slots)
    }
    return slots
  }

  /** The first bucket whose bound is not below; most requests are fast, so most end in the first few. */
  #bucketOf(seconds: number): number {
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++
    return bucket
  }
}

/** The slots of one route that are known, by method and status, and by category and method. */
interface RouteSlots {
  readonly durations: Map<number, number>
  readonly errors: Map<number, number>
}

/** Node lets no status out that has more than three digits. */
const STATUSES = 1000

function add(family: StoreFamily, slot: number, change: number): void {
  // The slab's values are replaced when it grows, so they are looked up for each use.
  const { values } = family.slab
  values[slot] = values[slot]! + change
}
