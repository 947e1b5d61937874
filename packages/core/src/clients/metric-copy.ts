import type { Store } from '../store/store.ts'
import { takeExemplar } from './exemplars.ts'
import { FamilyCopy } from './family-copy.ts'
import type { PromExemplar } from './registry.ts'
import type { SeriesCopy } from './series-copy.ts'
import { boundOf, type PromShape } from './shape.ts'

/**
 * The number of series of one family that are copied before the others share one: high, because these are the user's
 * own.
 */
export const MAX_SERIES = 10_000

/** The copy of all metrics with one name: its family, and for summaries also that of their quantiles. */
export class MetricCopy {
  readonly shape: PromShape
  readonly numbers: FamilyCopy
  readonly quantiles: FamilyCopy | undefined
  /** True once the name belongs to another metric. */
  isWithdrawn = false
  readonly #store: Store
  readonly #bounds = new Map<unknown, number>()

  /** @throws ERR_PROMHERD_FAMILY_CONFLICT if the store has a different family with that name. */
  constructor(store: Store, shape: PromShape, maxSeries: number = MAX_SERIES) {
    this.#store = store
    this.shape = shape
    const { definition, quantiles, labelNames } = shape
    this.numbers = new FamilyCopy(store.family(definition, maxSeries), labelNames)
    if (quantiles !== undefined) {
      this.quantiles = new FamilyCopy(store.family(quantiles, maxSeries), [...labelNames, 'quantile'])
    }
    definition.buckets.forEach((bound, i) => {
      this.#bounds.set(bound, i)
    })
    this.#bounds.set(Number.POSITIVE_INFINITY, definition.buckets.length)
  }

  /** The bucket of a label `le`. */
  bucketOf(le: unknown): number | undefined {
    return this.#bounds.get(le) ?? this.#bounds.get(boundOf(le))
  }

  /** Takes over a metric's exemplar of a bucket; a counter has one bucket. */
  takeExemplar(series: SeriesCopy, bucket: number, given: PromExemplar): void {
    takeExemplar(this.#store, this.shape.definition.name, series, bucket, given)
  }

  /** Ends a round. */
  finish(): void {
    this.numbers.finish()
    this.quantiles?.finish()
  }

  /** Removes it from the store; returns false if that could not be written. */
  withdraw(): boolean {
    if (this.quantiles !== undefined && !this.#store.withdraw(this.quantiles.family)) return false
    this.isWithdrawn = this.#store.withdraw(this.numbers.family)
    return this.isWithdrawn
  }
}
