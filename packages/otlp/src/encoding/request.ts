import type { Attribute, Metric } from './metric.ts'

/** One push: all metrics of one herd. */
export interface MetricsRequest {
  readonly resource: readonly Attribute[]
  /** The name and version of the library that created the metrics. */
  readonly scope: { readonly name: string; readonly version: string }
  readonly metrics: Iterable<Metric>
}

/** AGGREGATION_TEMPORALITY_CUMULATIVE of metrics.proto. */
export const CUMULATIVE = 2

/** How many points are encoded in one step: some tenths of a millisecond. */
export const POINTS_A_STEP = 50

/** The points in groups, each of which is a step of an encoder. */
export function* grouped<T>(points: Iterable<T>): Generator<readonly T[]> {
  let group: T[] = []
  for (const point of points) {
    group.push(point)
    if (group.length < POINTS_A_STEP) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}
