import { promherdError } from '../../base/errors.ts'
import { shared } from '../../base/shared.ts'
import type { Definition } from '../../definitions/definition.ts'
import { STREAM_KINDS } from '../../definitions/label-values.ts'
import { DURATION_BUCKETS, FAMILIES } from '../../definitions/metrics.ts'
import type { StoreFamily } from '../../store/family.ts'
import type { Store } from '../../store/store.ts'
import type { Naming, SeriesLabels } from '../labels/naming.ts'
import type { HttpOptions } from '../options/http-options.ts'
import { CachedFamily } from './cached-family.ts'
import { Histogram } from './histogram.ts'

/** The indexes of the families of the hot path in `RouteSlots`. */
export const DURATIONS = 0
export const ERRORS = 1

/** The families of exchanges that one recorder declares in its store. */
export class HttpFamilies {
  readonly durations: Histogram
  /** Only exchanges without a duration are counted here: snapshots add the counts of the histogram. */
  readonly requests: CachedFamily | undefined
  readonly errors: CachedFamily
  readonly inFlight: StoreFamily
  readonly streams: StoreFamily
  /** All exchanges that this worker has ended. */
  readonly ended: StoreFamily
  readonly timeToFirstByte: Histogram | undefined
  readonly requestSize: Histogram | undefined
  readonly responseSize: Histogram | undefined
  readonly #store: Store
  readonly #labels: readonly string[]
  readonly #maxSeries: number | undefined
  readonly #categories: readonly string[]
  readonly #methods: number
  readonly #labelled: StoreFamily[] = []

  /**
   * `labels` are the names of the user-defined labels, `categories` all possible categories.
   * @throws ERR_PROMHERD_FAMILY_CONFLICT if the store already has the families with other buckets or labels.
   */
  constructor(
    store: Store,
    naming: Naming,
    labels: readonly string[],
    categories: readonly string[],
    options: HttpOptions,
  ) {
    this.#store = store
    this.#labels = labels
    this.#maxSeries = options.maxSeries
    this.#categories = categories
    this.#methods = naming.methods.length
    const { timeLabels, sizeLabels } = naming
    const buckets = options.buckets ?? DURATION_BUCKETS
    this.inFlight = store.family(naming.inFlight)
    this.durations = this.#histogram({ ...naming.duration, buckets }, DURATIONS, timeLabels)
    this.requests = naming.requests && new CachedFamily(this.#family(naming.requests), 2, timeLabels)
    this.errors = new CachedFamily(this.#family(FAMILIES.requestErrors), ERRORS, this.#errorLabels(naming))
    this.streams = store.family(FAMILIES.streamsOpen)
    for (const kind of STREAM_KINDS) this.streams.slot([kind])
    this.ended = store.family(FAMILIES.workerRequests)
    if (options.timeToFirstByte) {
      this.timeToFirstByte = this.#histogram({ ...naming.timeToFirstByte, buckets }, 3, timeLabels)
    }
    if (options.bodySize) {
      this.requestSize = this.#histogram(naming.requestSize, 4, sizeLabels)
      this.responseSize = this.#histogram(naming.responseSize, 5, sizeLabels)
    }
  }

  /** Prevents the families from being withdrawn from now on. */
  claim(): void {
    for (const family of this.#labelled) CLAIMED.add(family)
  }

  /** Withdraws the families that others may declare with other labels or buckets, except those that are claimed. */
  withdraw(): void {
    for (const family of this.#labelled) if (!CLAIMED.has(family)) this.#store.withdraw(family)
  }

  /** The key of a series of `errors`, see `SeriesLabels`. */
  errorKeyOf(method: number, category: string): number {
    return this.#categories.indexOf(category) * this.#methods + method
  }

  #errorLabels({ methods }: Naming): SeriesLabels {
    return {
      valuesOf: ({ method, route, category }, { custom }) => [methods[method]!, route, category!, ...custom],
      keyOf: ({ method, category }) => this.errorKeyOf(method, category!),
    }
  }

  #histogram(definition: Definition, index: number, labels: SeriesLabels): Histogram {
    return new Histogram(new CachedFamily(this.#family(definition), index, labels), this.inFlight)
  }

  /** The family that `definition` declares, with the user-defined labels. */
  #family(definition: Definition): StoreFamily {
    const labels = [...definition.labels, ...this.#labels]
    const maxSeries = this.#maxSeries
    const family = this.#store.family({ ...definition, labels }, maxSeries)
    this.#labelled.push(family)
    if (maxSeries === undefined || family.maxSeries === maxSeries) return family
    throw promherdError('ERR_PROMHERD_FAMILY_CONFLICT', definition.name, 'maxSeries', family.maxSeries, maxSeries)
  }
}

/** Families that a recorder other than a fallback has declared. */
const CLAIMED = shared('claimed families', () => new WeakSet<StoreFamily>())
