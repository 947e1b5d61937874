import type { Aggregator } from '../definitions/definition.ts'
import type { Exemplar } from '../store/exemplar.ts'
import type { Numbers } from './numbers.ts'

/**
 * All numbers of a herd at one moment, as plain data. Sinks and encoders read only this. They must not write to it:
 * unchanged arrays are the same objects in the next snapshot. A snapshot never changes after it was returned, so it can
 * be kept.
 */
export interface Snapshot {
  /** When the numbers were read, in seconds since the Unix epoch. */
  readonly takenAt: number
  /** Identifies the herd: a string without a meaning. It changes if and only if all counters restart at 0. */
  readonly herd: string
  /** When the counters of this herd were 0, in seconds since the Unix epoch. Changes only together with `herd`. */
  readonly startedAt: number
  /** Sorted by name; each name occurs once. */
  readonly families: readonly Family[]
}

/** The type of a family. In OpenMetrics and OTLP `untyped` is `unknown`. */
export type SnapshotType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped'

/** A metric with all its series. `labels[i]` and the numbers at index `i` of `values` belong to the same series. */
export interface Family {
  /** The name without a suffix of the format, such as `_bucket`; counters have their `_total`. */
  readonly name: string
  readonly type: SnapshotType
  readonly help: string
  /** In the order of the values in `labels`. */
  readonly labelNames: readonly string[]
  /** The upper bounds of a histogram, increasing, without +Inf; empty for other types. */
  readonly buckets: readonly number[]
  /** How the numbers of several workers were combined; with `worker` they are not, and have a label `worker`. */
  readonly aggregator: Aggregator
  /**
   * The label values of each series; no two series have the same. An unchanged series has the same array in the next
   * snapshot, so results derived from it can be cached.
   */
  readonly labels: readonly (readonly string[])[]
  /**
   * The numbers of each series, in the unit that the family's name ends with.
   *
   * - Counter, untyped: the value.
   * - Gauge: the value. With the aggregator `average` a second number follows, the count of workers in the average; with
   *   `latest` the time when it was set, in seconds since the Unix epoch; with `first` a 1.
   * - Histogram: the count of each bucket, not cumulative, the last for +Inf; then the sum of the observations. The total
   *   count is the sum of the buckets.
   * - Summary: the sum, then the count.
   */
  readonly values: Numbers
  /** Counters and histograms with exemplars only: the exemplars by the index of their series. */
  readonly exemplars?: ReadonlyMap<number, Exemplars>
  /** Summaries only: one value for each quantile and worker. The label `quantile` comes before `worker`. */
  readonly quantiles?: {
    readonly labelNames: readonly string[]
    readonly labels: readonly (readonly string[])[]
    readonly values: Numbers
  }
}

/** The newest exemplar of each bucket, by the bucket's index; undefined for a bucket without one. A counter has one. */
export type Exemplars = readonly (Exemplar | undefined)[]

/** An object that takes snapshots: of a herd, of one process, or of a group. */
export interface SnapshotSource {
  /** Reads all numbers now. */
  snapshot(): Promise<Snapshot>
}
