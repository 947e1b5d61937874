import type { Definition } from '../../definitions/definition.ts'
import type { LabelSet } from './label-set.ts'
import type { Outcome } from './outcome.ts'

/** The names and labels of the metrics of exchanges. */
export interface Naming {
  readonly duration: Definition
  /** The counter that the counts of the durations are added to; undefined if there is none. */
  readonly requests: Definition | undefined
  readonly inFlight: Definition
  readonly timeToFirstByte: Definition
  readonly requestSize: Definition
  readonly responseSize: Definition
  /** The methods that can be label values; the last one is for all others. */
  readonly methods: readonly string[]
  methodIndexOf(method: string | undefined): number
  /** True for the conventions of OpenTelemetry. */
  readonly isOpenTelemetry: boolean
  /** The labels of metrics in seconds. */
  readonly timeLabels: SeriesLabels
  /** The labels of metrics in bytes. */
  readonly sizeLabels: SeriesLabels
}

/** How the labels of a family follow from an outcome. */
export interface SeriesLabels {
  /** The label values of an exchange. */
  valuesOf(outcome: Outcome, labels: LabelSet): string[]
  /** One small integer for those of them that are neither its route nor of its label set. */
  keyOf(outcome: Outcome): number
}

/** The factor of a method in a key: Node allows at most three digits in a status. */
export const STATUSES = 1000
