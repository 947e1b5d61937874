import { seriesIn, summaryIn } from './kept.ts'
import type { PromMetric } from './registry.ts'

/**
 * The state of a summary after it was read. While the state is the same, the summary would return the same quantiles:
 * nothing was observed, reset or removed, and no time window has ended.
 */
export interface Standstill {
  readonly name: unknown
  readonly percentiles: unknown
  readonly series: readonly SeriesStandstill[]
}

interface SeriesStandstill {
  readonly kept: object
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

/** The digests of a summary by their start time: the quantiles are computed from the current one. */
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

/** The state of a summary that was just read; undefined if its structure is not as expected. */
export function standstillOf(metric: PromMetric): Standstill | undefined {
  const { name, percentiles } = metric as Summary
  try {
    const kept = summarySeriesIn(metric)
    return kept.every(isAsExpected) ? { name, percentiles, series: kept.map(seen) } : undefined
  } catch {
    return undefined
  }
}

function seen(kept: SummarySeries): SeriesStandstill {
  const { count, sum, td } = kept
  const digest = td.ringBuffer[td.currentBuffer]!
  return { kept, count, sum, digest, observations: digest.n, resets: digest.nreset }
}

function isAsExpected({ count, sum, td }: SummarySeries): boolean {
  const { n, nreset } = td.ringBuffer[td.currentBuffer]!
  const numbers = [count, sum, n, nreset, td.lastRotateTimestampMillis, td.durationBetweenRotatesMillis]
  return numbers.every(each => typeof each === 'number')
}

/** True if a summary would return the same as in that state. Throws if its structure is no longer as expected. */
export function stoodStill(metric: PromMetric, { name, percentiles, series }: Standstill): boolean {
  if (metric.name !== name || (metric as Summary).percentiles !== percentiles) return false
  const now = Date.now()
  const kept = summarySeriesIn(metric)
  return (
    kept.length === series.length && series.every((each, i) => each.kept === kept[i] && isStill(each, kept[i]!, now))
  )
}

function isStill(before: SeriesStandstill, { count, sum, td }: SummarySeries, now: number): boolean {
  const { digest, observations, resets } = before
  return (
    count === before.count &&
    Object.is(sum, before.sum) &&
    td.ringBuffer[td.currentBuffer] === digest &&
    digest.n === observations &&
    digest.nreset === resets &&
    !(td.shouldRotate && now - td.lastRotateTimestampMillis > td.durationBetweenRotatesMillis)
  )
}

function summarySeriesIn(metric: PromMetric): readonly SummarySeries[] {
  return seriesIn(metric)!.map(summaryIn) as unknown as readonly SummarySeries[]
}
