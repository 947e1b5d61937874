import { hasRecognisedGetter } from './recognised-getter.ts'
import type { PromExemplar, PromLabels, PromMetric } from './registry.ts'

/** The fields in which a metric counts one label set. The metric mutates the numbers in place or replaces the object. */
export interface SeriesFields {
  readonly labels?: PromLabels
  /**
   * Counters and gauges: a number. Summaries of `@prometheus-io/client`: the fields that those of prom-client have
   * directly.
   */
  readonly value: number | SummaryFields
  readonly exemplar?: PromExemplar | null | undefined
  /** Histograms, and summaries of prom-client. */
  readonly sum: number
  readonly count: number
  /** Histograms: not cumulative, by upper bound; observations beyond the last bound are only in `count`. */
  readonly bucketValues: Readonly<Record<string, number>>
  readonly bucketExemplars?: Readonly<Record<string, PromExemplar | null | undefined>>
}

/** The numbers of one series of a summary. */
export interface SummaryFields {
  readonly sum: number
  readonly count: number
}

/** What was read from the fields of a metric: like a `PromReading`, but with the metric's own objects. */
export interface FieldReading {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly aggregator?: string | undefined
  readonly values: readonly SeriesFields[]
  /** The upper bounds of a histogram in its own order, else empty. */
  readonly bounds: readonly number[]
}

/** A metric of prom-client with the fields that it counts in; none of them is guaranteed. */
interface MetricFields extends PromMetric {
  readonly help?: unknown
  readonly type?: unknown
  readonly aggregator?: unknown
  /** prom-client: series by label hash. */
  readonly hashMap?: unknown
  /** `@prometheus-io/client`: an object with an iterator over series. */
  readonly store?: unknown
  readonly upperBounds?: unknown
}

/**
 * Reads the series of a metric from its fields, synchronously and without calling its `get()`. Returns undefined if
 * `get()` may return something else: the metric has a collect function (unless that has just run), its `get()` is not
 * recognised, or its fields are not as expected.
 */
export function readFields(metric: PromMetric, isCollected: boolean = false): FieldReading | undefined {
  try {
    if (metric.collect && !isCollected) return undefined
    return hasRecognisedGetter(metric) ? fieldsOf(metric) : undefined
  } catch {
    // Fields of a metric may be accessors that throw. `get()` then reports the error.
    return undefined
  }
}

/**
 * Calls the `collect()` of a metric at an exit, where no promise can be awaited. Returns true if it collected
 * synchronously, so that the fields have what `get()` would return. Never throws.
 *
 * Gauges are skipped: their values are no longer served once their process has exited.
 */
export function collectSynchronously(metric: MetricFields): boolean {
  try {
    const { collect, type } = metric
    if (typeof collect !== 'function' || type === 'gauge' || isAsync(collect) || !hasRecognisedGetter(metric))
      return false
    const result: unknown = collect.call(metric)
    return !isThenable(result)
  } catch {
    return false
  }
}

function isThenable(result: unknown): boolean {
  return typeof (result as { readonly then?: unknown } | null | undefined)?.then === 'function'
}

function isAsync(method: object): boolean {
  return Object.prototype.toString.call(method) === '[object AsyncFunction]'
}

function fieldsOf(metric: MetricFields): FieldReading | undefined {
  const { name, help, type, labelNames, upperBounds } = metric
  if (typeof name !== 'string' || typeof help !== 'string' || typeof type !== 'string') return undefined
  if (!Array.isArray(labelNames)) return undefined
  const aggregator = typeof metric.aggregator === 'string' ? metric.aggregator : undefined
  const values = seriesFieldsOf(metric)
  const bounds = type === 'histogram' ? upperBounds : NONE
  if (values === undefined || !Array.isArray(bounds)) return undefined
  const [first] = values
  if (first !== undefined && !IS_EXPECTED[type]?.(first)) return undefined
  return { name, help, type, aggregator, values, bounds }
}

const NONE: readonly number[] = []

/** All series of a metric have the same form, so checking the first one is enough. */
const IS_EXPECTED: Readonly<Record<string, (series: SeriesFields) => boolean>> = {
  counter: ({ value }) => typeof value === 'number',
  gauge: ({ value }) => typeof value === 'number',
  histogram: ({ sum, count, bucketValues }) =>
    typeof sum === 'number' && typeof count === 'number' && typeof bucketValues === 'object',
  summary: series => {
    const { sum, count } = summaryFieldsOf(series)
    return typeof sum === 'number' && typeof count === 'number'
  },
}

/** The numbers of a series of a summary, where its client has them. */
export function summaryFieldsOf(series: SeriesFields): SummaryFields {
  const { value } = series
  return typeof value === 'object' && value !== null ? value : series
}

/** The series of a metric, in its order. */
export function seriesFieldsOf({ hashMap, store }: MetricFields): SeriesFields[] | undefined {
  if (hasValues(hashMap)) return Array.from(hashMap.values())
  if (typeof hashMap === 'object' && hashMap !== null) return valuesOf(hashMap as Record<string, SeriesFields>)
  return hasValues(store) ? Array.from(store.values()) : undefined
}

/** Replaces `Object.values`, which takes six times as long for an object of 1,000 keys. */
function valuesOf(hashMap: Readonly<Record<string, SeriesFields>>): SeriesFields[] {
  const keys = Object.keys(hashMap)
  const values = new Array<SeriesFields>(keys.length)
  for (let i = 0; i < keys.length; i++) values[i] = hashMap[keys[i]!]!
  return values
}

function hasValues(holder: unknown): holder is { values(): Iterable<SeriesFields> } {
  return typeof holder === 'object' && holder !== null && 'values' in holder && typeof holder.values === 'function'
}
