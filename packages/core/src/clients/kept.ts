import type { PromExemplar, PromLabels, PromMetric } from './registry.ts'

/** The data that a metric keeps for one label set. The metric mutates the numbers in place or replaces the object. */
export interface KeptSeries {
  readonly labels?: PromLabels
  /**
   * Counters and gauges: a number. Summaries of `@prometheus-io/client`: the fields that those of prom-client have
   * directly.
   */
  readonly value: number | KeptSummary
  readonly exemplar?: PromExemplar | null | undefined
  /** Histograms, and summaries of prom-client. */
  readonly sum: number
  readonly count: number
  /** Histograms: not cumulative, by upper bound; observations beyond the last bound are only in `count`. */
  readonly bucketValues: Readonly<Record<string, number>>
  readonly bucketExemplars?: Readonly<Record<string, PromExemplar | null | undefined>>
}

/** The numbers of one series of a summary. */
export interface KeptSummary {
  readonly sum: number
  readonly count: number
}

/** The data that a metric keeps, in the form of a reading. */
export interface KeptReading {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly aggregator?: string | undefined
  readonly values: readonly KeptSeries[]
  /** The upper bounds of a histogram in its own order, else empty. */
  readonly bounds: readonly number[]
}

/** A metric of prom-client with the fields that it counts in; none of them is guaranteed. */
interface Keeper extends PromMetric {
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
 * Reads the series that a metric keeps, synchronously and without calling its `get()`. Returns undefined if `get()` may
 * return something else: the metric has a collect function (unless it was just called), its class overrides `get()`, or
 * it keeps its series in another way.
 */
export function readKept(metric: PromMetric, isCollected: boolean = false): KeptReading | undefined {
  try {
    if (metric.collect && !isCollected) return undefined
    return answersWhatItKeeps(metric) ? keptIn(metric) : undefined
  } catch {
    // Fields of a metric may be accessors that throw. `get()` then reports the error.
    return undefined
  }
}

/**
 * Calls the `collect()` of a metric at an exit, where no promise can be awaited. Returns true if it collected
 * synchronously, so that the metric keeps what its `get()` would return. Never throws.
 *
 * Gauges are skipped: their values are no longer served once their process has exited.
 */
export function collectNow(metric: Keeper): boolean {
  try {
    const { collect, type } = metric
    if (typeof collect !== 'function' || type === 'gauge' || isAsync(collect) || !answersWhatItKeeps(metric))
      return false
    const answer: unknown = collect.call(metric)
    return !isThenable(answer)
  } catch {
    return false
  }
}

function isThenable(answer: unknown): boolean {
  return typeof (answer as { readonly then?: unknown } | null | undefined)?.then === 'function'
}

function isAsync(method: object): boolean {
  return Object.prototype.toString.call(method) === '[object AsyncFunction]'
}

function keptIn(metric: Keeper): KeptReading | undefined {
  const { name, help, type, labelNames, upperBounds } = metric
  if (typeof name !== 'string' || typeof help !== 'string' || typeof type !== 'string') return undefined
  if (!Array.isArray(labelNames)) return undefined
  const aggregator = typeof metric.aggregator === 'string' ? metric.aggregator : undefined
  const values = seriesIn(metric)
  const bounds = type === 'histogram' ? upperBounds : NONE
  if (values === undefined || !Array.isArray(bounds)) return undefined
  const [first] = values
  if (first !== undefined && !IS_EXPECTED[type]?.(first)) return undefined
  return { name, help, type, aggregator, values, bounds }
}

const NONE: readonly number[] = []

/** All series of a metric have the same form, so checking the first one is enough. */
const IS_EXPECTED: Readonly<Record<string, (series: KeptSeries) => boolean>> = {
  counter: ({ value }) => typeof value === 'number',
  gauge: ({ value }) => typeof value === 'number',
  histogram: ({ sum, count, bucketValues }) =>
    typeof sum === 'number' && typeof count === 'number' && typeof bucketValues === 'object',
  summary: series => {
    const { sum, count } = summaryIn(series)
    return typeof sum === 'number' && typeof count === 'number'
  },
}

/** The numbers of a summary, in the place where its client keeps them. */
export function summaryIn(series: KeptSeries): KeptSummary {
  const { value } = series
  return typeof value === 'object' && value !== null ? value : series
}

/** The series that a metric keeps, in its order. */
export function seriesIn({ hashMap, store }: Keeper): KeptSeries[] | undefined {
  if (hasValues(hashMap)) return Array.from(hashMap.values())
  if (typeof hashMap === 'object' && hashMap !== null) return valuesOf(hashMap as Record<string, KeptSeries>)
  return hasValues(store) ? Array.from(store.values()) : undefined
}

/** Replaces `Object.values`, which takes six times as long for an object of 1,000 keys. */
function valuesOf(hashMap: Readonly<Record<string, KeptSeries>>): KeptSeries[] {
  const keys = Object.keys(hashMap)
  const values = new Array<KeptSeries>(keys.length)
  for (let i = 0; i < keys.length; i++) values[i] = hashMap[keys[i]!]!
  return values
}

function hasValues(holder: unknown): holder is { values(): Iterable<KeptSeries> } {
  return typeof holder === 'object' && holder !== null && 'values' in holder && typeof holder.values === 'function'
}

/**
 * True if the class that implements counting also implements `get()`, as a method. If a subclass overrides `get()`, an
 * instance has a spy, or a function was assigned to the prototype, `get()` must be called instead.
 */
function answersWhatItKeeps(metric: PromMetric): boolean {
  const prototype: object = Object.getPrototypeOf(metric)
  const known = CLASSES.get(prototype)
  if (known !== undefined && known.get === metric.get && known.text === metric.getForPromString) return known.answers
  const owner = ownerOf(metric, 'get')
  const answers =
    owner !== metric &&
    metric.get.name === 'get' &&
    COUNTING.every(name => Object.hasOwn(owner, name)) &&
    (metric.getForPromString === undefined || ownerOf(metric, 'getForPromString') === owner)
  if (owner !== metric) CLASSES.set(prototype, { get: metric.get, text: metric.getForPromString, answers })
  return answers
}

const CLASSES = new WeakMap<object, { readonly get: unknown; readonly text: unknown; readonly answers: boolean }>()
const COUNTING = ['labels', 'remove', 'reset'] as const

function ownerOf(metric: object, name: string): object {
  let owner = metric
  while (!Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner)
  return owner
}
