import type { Merge } from '../store/catalog.ts'
import type { Exemplar } from '../store/exemplar.ts'
import type { Numbers } from './numbers.ts'

/**
 * The narrow waist: everything the herd knows at one moment, as plain data. Encoders, forwarders and pages read this
 * and nothing else, and write to none of it: what stood still is the same array in the next snapshot.
 */
export interface Snapshot {
  /** Unix seconds. */
  readonly takenAt: number
  /** Identifies the herd. It changes if and only if all counters begin anew at 0. */
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
  /** How the numbers of several workers became one; `worker` where a label `worker` keeps them apart. */
  readonly merge: Merge
  /**
   * The label values of each series. The arrays are the same objects from one snapshot to the next, so that what is
   * made of them can be kept.
   */
  readonly labels: readonly (readonly string[])[]
  /**
   * Counter, gauge: the value. A gauge that merges by `mean` has a second number, how many workers it is the mean of,
   * and one that merges by `latest` has the Unix time in seconds when it was set. Histogram: one count per bucket, not cumulative, the last for +Inf, then the sum of
   * the observations. Summary: the sum, then the count.
   */
  readonly values: Numbers
  /** Counters and histograms, where somebody has given some: those of the series at an index, see `Exemplars`. */
  readonly exemplars?: ReadonlyMap<number, Exemplars>
  /** Summaries only: the quantiles as each worker sees them, label `quantile` before `worker`, one value each. */
  readonly quantiles?: {
    readonly labelNames: readonly string[]
    readonly labels: readonly (readonly string[])[]
    readonly values: Numbers
  }
}

/** The newest exemplar of each bucket that has one; a counter has one bucket. */
export type Exemplars = readonly (Exemplar | undefined)[]

/** Whatever can say how things stand: a herd, or one process's store. */
export interface SnapshotSource {
  snapshot(): Promise<Snapshot>
}
