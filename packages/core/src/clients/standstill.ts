import type { Keeping } from './known-get.ts'
import type { PromMetric } from './registry.ts'

/**
 * What there is to see in a summary after it was read. As long as it is all the same the summary would say the same
 * again: nothing was observed, reset or removed, and no span of time has ended for one that forgets.
 */
export interface Standstill {
  readonly keeping: Keeping
  readonly name: unknown
  readonly percentiles: unknown
  readonly series: readonly SeriesStandstill[]
}

interface SeriesStandstill {
  readonly kept: KeptSeries
  readonly count: number
  readonly sum: number
  readonly digest: Digest
  readonly observations: number
  readonly resets: number
}

/** A summary with what it keeps, of which nothing is sure. */
interface KeptSummary extends PromMetric {
  readonly percentiles?: unknown
  readonly hashMap?: Readonly<Record<string, KeptSeries>>
  readonly store?: { values(): Iterable<{ readonly value: KeptSeries }> }
}

interface KeptSeries {
  readonly count: number
  readonly sum: number
  readonly td: TimeWindow
}

/** Digests of a summary by when they were begun: the current one tells the quantiles. */
interface TimeWindow {
  readonly ringBuffer: readonly Digest[]
  readonly currentBuffer: number
  /** Something true where digests are begun anew as time passes. */
  readonly shouldRotate: unknown
  readonly lastRotateTimestampMillis: number
  readonly durationBetweenRotatesMillis: number
}

interface Digest {
  readonly n: number
  /** Counts what empties it: resets, and whenever it is compressed, as each reading does. */
  readonly nreset: number
}

/** What there is to see in a summary that has just been read; undefined where it is not built as expected. */
export function standstillOf(metric: PromMetric, keeping: Keeping): Standstill | undefined {
  const { name, percentiles } = metric as KeptSummary
  try {
    const series = seriesIn(metric, keeping).map(seen)
    return series.every(isAsExpected) ? { keeping, name, percentiles, series } : undefined
  } catch {
    return undefined
  }
}

function seen(kept: KeptSeries): SeriesStandstill {
  const { count, sum, td } = kept
  const digest = td.ringBuffer[td.currentBuffer]!
  return { kept, count, sum, digest, observations: digest.n, resets: digest.nreset }
}

function isAsExpected({ kept: { td }, count, sum, observations, resets }: SeriesStandstill): boolean {
  const numbers = [count, sum, observations, resets, td.lastRotateTimestampMillis, td.durationBetweenRotatesMillis]
  return numbers.every(each => typeof each === 'number')
}

/** True where a summary would say what it said when it was seen so. */
export function stoodStill(metric: PromMetric, { keeping, name, percentiles, series }: Standstill): boolean {
  if (metric.name !== name || (metric as KeptSummary).percentiles !== percentiles) return false
  const now = Date.now()
  let i = 0
  for (const kept of seriesIn(metric, keeping)) {
    const before = series[i++]
    if (before === undefined || before.kept !== kept || !isStill(before, now)) return false
  }
  return i === series.length
}

function isStill({ kept, count, sum, digest, observations, resets }: SeriesStandstill, now: number): boolean {
  const { td } = kept
  return (
    kept.count === count &&
    Object.is(kept.sum, sum) &&
    td.ringBuffer[td.currentBuffer] === digest &&
    digest.n === observations &&
    digest.nreset === resets &&
    !(td.shouldRotate && now - td.lastRotateTimestampMillis > td.durationBetweenRotatesMillis)
  )
}

function seriesIn(metric: PromMetric, keeping: Keeping): readonly KeptSeries[] {
  const { hashMap, store } = metric as KeptSummary
  if (keeping === 'hashMap') return Object.values(hashMap!)
  return Array.from(store!.values(), ({ value }) => value)
}
