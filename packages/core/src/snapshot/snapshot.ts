import type { Aggregator } from '../definitions/definition.ts'
import type { Exemplar } from '../store/exemplar.ts'
import type { Numbers } from './numbers.ts'

/**
 * The state of the whole herd at one moment, as plain data. Encoders, forwarders and pages read only this, and must not
 * write to it: unchanged parts are the same arrays in the next snapshot.
 */
export interface Snapshot {
  /** Unix seconds. */
  readonly takenAt: number
  /** Identifies the herd. It changes if and only if all counters restart at 0. */
  readonly herd: string
  /** Unix seconds when the counters of this herd began at 0; changes only together with `herd`. */
  readonly startedAt: number
  readonly families: readonly Family[]
}

export type SnapshotType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped'

/** One family: its series as columns. */
export interface Family {
  readonly name: string
  readonly type: SnapshotType
  readonly help: string
  readonly labelNames: readonly string[]
  /** Upper bounds of a histogram, without +Inf; empty for other types. */
  readonly buckets: readonly number[]
  /** How the numbers of several workers were combined; `worker` if a label `worker` keeps them apart. */
  readonly aggregator: Aggregator
  /**
   * The label values of each series. The arrays are the same objects from one snapshot to the next, so that results
   * derived from them can be cached.
   */
  readonly labels: readonly (readonly string[])[]
  /**
   * Counter, gauge: the value. A gauge that merges by `average` has a second number, the count of workers in the mean, and
   * one that merges by `latest` has the Unix time in seconds when it was set. Histogram: one count per bucket, not
   * cumulative, the last for +Inf, then the sum of the observations. Summary: the sum, then the count.
   */
  readonly values: Numbers
  /** Counters and histograms, if they have exemplars: those of each series by its index, see `Exemplars`. */
  readonly exemplars?: ReadonlyMap<number, Exemplars>
  /** Summaries only: the quantiles of each worker, label `quantile` before `worker`, one value each. */
  readonly quantiles?: {
    readonly labelNames: readonly string[]
    readonly labels: readonly (readonly string[])[]
    readonly values: Numbers
  }
}

/** The newest exemplar of each bucket that has one; a counter has one bucket. */
export type Exemplars = readonly (Exemplar | undefined)[]

/** An object that can take a snapshot: a herd, or one process's store. */
export interface SnapshotSource {
  snapshot(): Promise<Snapshot>
}
