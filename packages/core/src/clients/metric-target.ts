import { type Exemplar, type ExemplarLabel, exemplarOf } from '../store/exemplar.ts'
import { wellFormed } from '../store/family.ts'
import type { Store } from '../store/store.ts'
import { FamilyTarget, type SeriesTarget } from './family-target.ts'
import type { PromExemplar } from './registry.ts'
import { boundOf, type PromShape } from './shape.ts'

/**
 * The number of series of one family that are copied before the others share one: high, because these are the user's
 * own.
 */
export const MAX_SERIES = 10_000

/**
 * The target of all metrics with one name: its family with the exemplars, and for summaries also the family of their
 * quantiles.
 */
export class MetricTarget {
  readonly shape: PromShape
  readonly numbers: FamilyTarget
  readonly quantiles: FamilyTarget | undefined
  /** True once the name belongs to another metric. */
  isWithdrawn = false
  readonly #store: Store
  readonly #bounds = new Map<unknown, number>()

  /** @throws ERR_PROMHERD_FAMILY_CONFLICT if the store has a different family with that name. */
  constructor(store: Store, shape: PromShape, maxSeries: number = MAX_SERIES) {
    this.#store = store
    this.shape = shape
    const { definition, quantiles, labelNames } = shape
    this.numbers = new FamilyTarget(store.family(definition, maxSeries), labelNames)
    if (quantiles !== undefined) {
      this.quantiles = new FamilyTarget(store.family(quantiles, maxSeries), [...labelNames, 'quantile'])
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

  /**
   * Copies a metric's exemplar of one bucket (for a counter: of its only one) into the store, if it is newer than the
   * stored one. Most exemplars were read before, which costs one comparison.
   */
  copyExemplar(series: SeriesTarget, bucket: number, given: PromExemplar): void {
    const { timestamp } = given
    // An exemplar that prom-client rejected has no time. An exemplar in the overflow series would not belong to its
    // numbers.
    if (series.place === undefined || typeof timestamp !== 'number') return
    series.exemplars ??= []
    series.exemplars[bucket] ??= { seenAt: 0, stored: undefined }
    const note = series.exemplars[bucket]
    // Not greater: it is not a number, or was read before.
    if (!(timestamp > note.seenAt)) return
    note.seenAt = timestamp
    if (isEmpty(given.labelSet)) return
    const exemplar = exemplarIn(given)
    const family = this.shape.definition.name
    if (exemplar !== undefined) this.#store.keepExemplars().put(note, { family, series: series.values, exemplar })
    else this.#store.reportError('prom_client', `an exemplar of \`${family}\` is omitted: ${ALLOWED}`)
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

const ALLOWED =
  'OpenMetrics allows at most 128 characters of label names and values together, names of letters, digits and ' +
  'underscores, and a finite value.'

function isEmpty(labelSet: unknown): boolean {
  return typeof labelSet === 'object' && labelSet !== null && Object.keys(labelSet).length === 0
}

function exemplarIn({ labelSet, value, timestamp }: PromExemplar): Exemplar | undefined {
  if (typeof labelSet !== 'object' || labelSet === null) return undefined
  try {
    const labels = Object.entries(labelSet).map(([name, text]): ExemplarLabel => [name, wellFormed(String(text))])
    return exemplarOf(labels, value, timestamp)
  } catch {
    // A value that cannot be converted to a string.
    return undefined
  }
}
