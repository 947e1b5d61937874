/**
 * Metrics in the data model of OTLP, as plain data: https://github.com/open-telemetry/opentelemetry-proto,
 * metrics.proto. The input of both encodings.
 */
export type Metric = NumberMetric | HistogramMetric | SummaryMetric

interface Described {
  readonly name: string
  readonly description: string
  /** In UCUM; empty if there is none. */
  readonly unit: string
  /** The type of the family in Prometheus, for a receiver that converts it to Prometheus again. */
  readonly prometheusType: string
}

/** A monotonic cumulative sum, or a gauge. */
export interface NumberMetric extends Described {
  readonly kind: 'sum' | 'gauge'
  readonly points: Iterable<NumberPoint>
}

/** A cumulative histogram with explicit bounds. */
export interface HistogramMetric extends Described {
  readonly kind: 'histogram'
  readonly points: Iterable<HistogramPoint>
}

export interface SummaryMetric extends Described {
  readonly kind: 'summary'
  readonly points: Iterable<SummaryPoint>
}

interface Point {
  readonly attributes: readonly Attribute[]
  /** When a cumulative value began at 0; undefined for a gauge. */
  readonly startedAt: Nanoseconds | undefined
  readonly takenAt: Nanoseconds
}

export interface NumberPoint extends Point {
  readonly value: number
  readonly exemplars: readonly ExemplarPoint[]
}

export interface HistogramPoint extends Point {
  readonly count: number
  readonly sum: number
  /**
   * The array in which the counts of the buckets begin at `at`, not cumulative: one for each bound, and one for values
   * above all of them. Creating an array for each point would take as long as all the rest of the encoding.
   */
  readonly numbers: Float64Array
  readonly at: number
  readonly bounds: readonly number[]
  readonly exemplars: readonly ExemplarPoint[]
}

export interface SummaryPoint extends Point {
  readonly count: number
  readonly sum: number
}

export interface ExemplarPoint {
  readonly value: number
  readonly takenAt: Nanoseconds
  /** In hexadecimal digits. */
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  /** The labels other than the two ids. */
  readonly attributes: readonly Attribute[]
}

export type Attribute = readonly [key: string, value: string]

/** Unix time in nanoseconds. A double has a precision of a quarter of a microsecond, and so has a snapshot. */
export type Nanoseconds = number

export function nanoseconds(seconds: number): Nanoseconds {
  return Math.round(seconds * 1e9)
}
