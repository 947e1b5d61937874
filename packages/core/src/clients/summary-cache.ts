import type { PromMetric, PromReading } from './registry.ts'
import { seriesFieldsOf, summaryFieldsOf } from './synchronous-reader.ts'

/**
 * Caches the last reading of one summary. Computing quantiles costs more than everything else, so they are computed
 * only if they may have changed: something was observed, reset or removed, or a time window has ended.
 */
export class SummaryCache {
  #cached: { readonly reading: readonly PromReading[]; readonly state: SummaryState } | undefined

  /** The reading of the summary: the cached one while it is valid, otherwise a new one. */
  async read(metric: PromMetric): Promise<readonly PromReading[]> {
    const cached = this.#cached
    if (cached !== undefined && isUnchanged(metric, cached.state)) return cached.reading
    const pending = metric.get()
    // Everything is computed at this point; only the promise is not resolved yet.
    const state = stateOf(metric)
    const reading = [await pending]
    this.#cached = state === undefined ? undefined : { reading, state }
    return reading
  }
}

/** The state of a summary after it was read. While the state is the same, the quantiles are the same. */
interface SummaryState {
  readonly name: unknown
  readonly percentiles: unknown
  readonly series: readonly SeriesState[]
}

interface SeriesState {
  readonly fields: object
  readonly count: number
  readonly sum: number
  readonly digest: Digest
  readonly observations: number
  readonly resets: number
}

/** A summary with the fields that determine its quantiles; none of them is guaranteed. */
interface Summary extends PromMetric {
  readonly percentiles?: unknown
}

interface SummarySeries {
  readonly count: number
  readonly sum: number
  readonly td: TimeWindow
}

/** The t-digests of a series by their start time: the quantiles are computed from the current one. */
interface TimeWindow {
  readonly ringBuffer: readonly Digest[]
  readonly currentBuffer: number
  /** Truthy if digests are replaced as time passes. */
  readonly shouldRotate: unknown
  readonly lastRotateTimestampMillis: number
  readonly durationBetweenRotatesMillis: number
}

interface Digest {
  readonly n: number
  /** The number of times it was emptied: by resets, and by each compression, which every read causes. */
  readonly nreset: number
}

/** The state of a summary that was just read; undefined if its fields are not as expected. */
function stateOf(metric: PromMetric): SummaryState | undefined {
  const { name, percentiles } = metric as Summary
  try {
    const series = summarySeriesOf(metric)
    return series.every(isAsExpected) ? { name, percentiles, series: series.map(seriesStateOf) } : undefined
  } catch {
    return undefined
  }
}

function seriesStateOf(fields: SummarySeries): SeriesState {
  const { count, sum, td } = fields
  const digest = td.ringBuffer[td.currentBuffer]!
  return { fields, count, sum, digest, observations: digest.n, resets: digest.nreset }
}

function isAsExpected({ count, sum, td }: SummarySeries): boolean {
  const { n, nreset } = td.ringBuffer[td.currentBuffer]!
  const numbers = [count, sum, n, nreset, td.lastRotateTimestampMillis, td.durationBetweenRotatesMillis]
  return numbers.every(each => typeof each === 'number')
}

/** True if a summary would return the same as in that state. */
function isUnchanged(metric: PromMetric, { name, percentiles, series }: SummaryState): boolean {
  try {
    if (metric.name !== name || (metric as Summary).percentiles !== percentiles) return false
    const now = Date.now()
    const current = summarySeriesOf(metric)
    return current.length === series.length && series.every((each, i) => isSeriesUnchanged(each, current[i]!, now))
  } catch {
    // The fields are no longer as expected.
    return false
  }
}

function isSeriesUnchanged(state: SeriesState, current: SummarySeries, now: number): boolean {
  const { count, sum, td } = current
  const { digest, observations, resets } = state
  return (
    state.fields === current &&
    count === state.count &&
    Object.is(sum, state.sum) &&
    td.ringBuffer[td.currentBuffer] === digest &&
    digest.n === observations &&
    digest.nreset === resets &&
    !(td.shouldRotate && now - td.lastRotateTimestampMillis > td.durationBetweenRotatesMillis)
  )
}

function summarySeriesOf(metric: PromMetric): readonly SummarySeries[] {
  return seriesFieldsOf(metric)!.map(summaryFieldsOf) as unknown as readonly SummarySeries[]
}
