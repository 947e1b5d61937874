import { promherdError } from '../../base/errors.ts'
import { shared } from '../../base/shared.ts'
import type { Definition } from '../../definitions/definition.ts'
import {
  DURATION_BUCKETS,
  ERROR_CATEGORIES,
  FAMILIES,
  STREAM_KINDS,
  type StreamKind,
} from '../../definitions/metrics.ts'
import type { StoreFamily } from '../../store/family.ts'
import type { Store } from '../../store/store.ts'
import { CustomLabels } from '../labels/custom-labels.ts'
import { type Facts, type Naming, namingOf, type Surroundings } from '../labels/naming.ts'
import type { HttpOptions } from '../options/http-options.ts'

// Families that a recorder other than a fallback has declared.
const CLAIMED = shared('claimed families', () => new WeakSet<StoreFamily>())

/**
 * Maps the labels of HTTP exchanges to slots without building a string.
 *
 * A series is found by its route, then by one small integer for the other labels. Only series with a slot of their own
 * are cached, so that series that the store does not keep use no memory here either. The other label values, which are
 * the same for many exchanges (user-defined labels, the scheme), form a scope with its own map of routes; without
 * options there is one scope.
 */
export class HttpSeries {
  readonly naming: Naming
  readonly labels: CustomLabels
  readonly #store: Store
  readonly #options: HttpOptions
  readonly #durations: StoreFamily
  readonly #requests: StoreFamily | undefined
  readonly #errors: StoreFamily
  readonly #inFlight: StoreFamily
  readonly #streams: StoreFamily
  readonly #ended: StoreFamily
  readonly #bounds: Float64Array
  readonly #categories: readonly string[]
  readonly #hasFaults: boolean
  readonly #methods: number
  readonly #scope: Scope
  readonly #families: StoreFamily[] = []

  /** @throws ERR_PROMHERD_FAMILY_CONFLICT if the store already has the families with other buckets or labels. */
  constructor(store: Store, options: HttpOptions) {
    this.#store = store
    this.#options = options
    this.naming = namingOf(options.naming)
    this.labels = new CustomLabels(store, options.labels)
    const buckets = options.buckets ?? DURATION_BUCKETS
    this.#durations = this.family({ ...this.naming.duration, buckets })
    // Only exchanges without a duration are added here: snapshots add the counts of the histogram.
    this.#requests = this.naming.requests && this.family(this.naming.requests)
    this.#errors = this.family(FAMILIES.requestErrors)
    this.#inFlight = store.family(this.naming.inFlight)
    this.#streams = store.family(FAMILIES.streamsOpen)
    for (const kind of STREAM_KINDS) this.#streams.slot([kind])
    this.#ended = store.family(FAMILIES.workerRequests)
    this.#bounds = Float64Array.from(buckets)
    this.#categories = [...ERROR_CATEGORIES, ...(options.categories ?? [])]
    this.#hasFaults = this.naming.isOpenTelemetry
    this.#methods = this.naming.methods.length
    this.#scope = new Scope('', '', this.labels.isConstant ? this.labels.valuesOf(undefined) : [])
  }

  /** The family that `definition` declares, with the user-defined labels. @throws ERR_PROMHERD_FAMILY_CONFLICT */
  family(definition: Definition): StoreFamily {
    const { maxSeries } = this.#options
    const labels = [...definition.labels, ...this.labels.names]
    const family = this.#store.family({ ...definition, labels }, maxSeries)
    this.#families.push(family)
    if (maxSeries === undefined || family.maxSeries === maxSeries) return family
    throw promherdError('ERR_PROMHERD_FAMILY_CONFLICT', definition.name, 'maxSeries', family.maxSeries, maxSeries)
  }

  /** Prevents its families from being withdrawn from now on. */
  claim(): void {
    for (const family of this.#families) CLAIMED.add(family)
  }

  /** Withdraws the families that others may declare with other labels or buckets, except those that are claimed. */
  withdraw(): void {
    for (const family of this.#families) if (!CLAIMED.has(family)) this.#store.withdraw(family)
  }

  /** Changes the number of open exchanges in a slot that `openSlotOf` returned. */
  addInFlight(change: number, slot: number = this.#inFlight.overflow): void {
    add(this.#inFlight, slot, change)
  }

  /** The slot in which open exchanges with these labels are counted. */
  openSlotOf(values: readonly string[]): number {
    return this.#inFlight.slot(values)
  }

  /** The slot of an open exchange without such labels. */
  get openSlot(): number {
    return this.#inFlight.overflow
  }

  /** Changes the number of open streams. */
  addStreams(kind: StreamKind, change: number): void {
    add(this.#streams, this.#streams.slot([kind]), change)
  }

  /**
   * Counts one exchange that has ended and has no meaningful duration: a stream, or a request that Node refused. Its
   * count as open in the slot `open` is subtracted.
   */
  countUntimed(
    method: number,
    route: string,
    status: number,
    category: string | undefined,
    scope: Scope = this.#scope,
    open?: number,
  ): void {
    const requests = this.#requests
    const request = requests?.slot(this.naming.valuesOf(this.factsOf(method, route, status, category), scope)) ?? NONE
    const inFlight = this.#inFlight.storage.values
    const counts = requests?.storage.values ?? inFlight
    // No function call may come between these two statements, see `count`.
    if (open !== undefined) inFlight[open] = inFlight[open]! - 1
    if (request !== NONE) counts[request] = counts[request]! + 1
    add(this.#ended, this.#ended.overflow, 1)
    if (category !== undefined) this.#countError(method, route, category, scope)
  }

  /** Counts one exchange that has ended, and was counted as open in the slot `open`. */
  count(
    method: number,
    route: string,
    status: number,
    seconds: number,
    category: string | undefined,
    scope: Scope = this.#scope,
    open?: number,
  ): void {
    const key = this.#hasFaults ? this.keyOf(method, status, category) : method * STATUSES + status
    const slot =
      scope.routes.get(route)?.durations.get(key) ??
      this.#placeDuration(scope, key, this.factsOf(method, route, status, category))
    const bucket = slot + this.#bucketOf(seconds)
    const sum = slot + this.#bounds.length + 1
    // A family for which there was no room has another storage.
    const inFlight = this.#inFlight.storage.values
    const { values } = this.#durations.storage
    // No function call may come between these two statements: a terminated thread stops at a call, and the exchange
    // would be neither counted nor reported as lost.
    if (open !== undefined) inFlight[open] = inFlight[open]! - 1
    values[bucket] = values[bucket]! + 1
    values[sum] = values[sum]! + seconds
    add(this.#ended, this.#ended.overflow, 1)
    if (category !== undefined) this.#countError(method, route, category, scope)
  }

  /** Creates a series before its first exchange, unless the family is full. */
  initialize(method: number, route: string, status: number): void {
    if (this.#durations.size < this.#durations.maxSeries) {
      const facts = this.factsOf(method, route, status, undefined)
      this.#placeDuration(this.#scope, this.keyOf(method, status, undefined), facts)
    }
  }

  /** One small integer for the labels whose values are not strings of the application. */
  keyOf(method: number, status: number, category: string | undefined): number {
    const fault = this.#hasFaults ? this.#faultOf(status, category) : 0
    return (fault * this.#methods + method) * STATUSES + status
  }

  /** The same as label values, for a new series. */
  factsOf(method: number, route: string, status: number, category: string | undefined): Facts {
    const told = status >= 500 ? String(status) : (this.#categories[this.#faultOf(status, category) - 1] ?? '')
    return { method: this.naming.methods[method]!, route, status, fault: told }
  }

  /**
   * The index from 1 of the category for `error_type`; 0 for none. For a server's 5xx the status is used instead, and a
   * 4xx is not a server error, unless the response did not reach the client.
   */
  #faultOf(status: number, category: string | undefined): number {
    if (category === undefined || status >= 500) return 0
    if (status >= 400 && category !== 'client_abort') return 0
    return this.#categories.indexOf(category) + 1
  }

  #countError(method: number, route: string, category: string, scope: Scope): void {
    const key = this.#categories.indexOf(category) * this.#methods + method
    const slot = scope.routes.get(route)?.errors?.get(key) ?? this.#placeError(scope, method, route, category, key)
    add(this.#errors, slot, 1)
  }

  #placeDuration(scope: Scope, key: number, facts: Facts): number {
    const slot = this.#durations.slot(this.naming.valuesOf(facts, scope))
    if (slot !== this.#durations.overflow) scope.slotsOf(facts.route).durations.set(key, slot)
    return slot
  }

  #placeError(scope: Scope, method: number, route: string, category: string, key: number): number {
    const slot = this.#errors.slot([this.naming.methods[method]!, route, category, ...scope.custom])
    if (slot !== this.#errors.overflow) {
      const slots = scope.slotsOf(route)
      slots.errors ??= new Map()
      slots.errors.set(key, slot)
    }
    return slot
  }

  /** The first bucket whose bound is not lower. Most requests are fast, so the search usually ends after a few. */
  #bucketOf(seconds: number): number {
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++
    return bucket
  }
}

/** The routes of the exchanges that share the other label values. */
export class Scope implements Surroundings {
  readonly scheme: string
  readonly version: string
  readonly custom: readonly string[]
  readonly routes: Map<string, RouteSlots> = new Map()

  constructor(scheme: string, version: string, custom: readonly string[]) {
    this.scheme = scheme
    this.version = version
    this.custom = custom
  }

  slotsOf(route: string): RouteSlots {
    let slots = this.routes.get(route)
    if (slots === undefined) {
      slots = { durations: new Map(), errors: undefined }
      this.routes.set(route, slots)
    }
    return slots
  }
}

/** The cached slots of one route, by method and status, and by category and method. */
export interface RouteSlots {
  readonly durations: Map<number, number>
  /** Undefined at first, since most routes never fail. */
  errors: Map<number, number> | undefined
}

/** No slot: the OpenTelemetry conventions have no counter for an exchange without a duration. */
const NONE = -1

/** Node allows at most three digits in a status. */
const STATUSES = 1000

function add(family: StoreFamily, slot: number, change: number): void {
  // The array is replaced when the storage grows, so it is read for each use.
  const { values } = family.storage
  values[slot] = values[slot]! + change
}
