import { createHash } from 'node:crypto'
import type { PromMetric } from './registry.ts'

/** Where a metric keeps its series: prom-client in an object, `@prometheus-io/client` in a map of its own. */
export type Keeping = 'hashMap' | 'store'

/** A `get()` that is known to the letter, so that it is known what else it does. */
export interface KnownGet {
  /** Whether it answers the series as they are kept, or works something out of them. */
  readonly answers: 'series' | 'quantiles'
  readonly keeping: Keeping
}

/**
 * What the `get()` of a metric does, where that depends on nothing but what the metric keeps. Undefined for one that
 * collects, and for any other `get()`: of a class of the user's, of a fork, of a file that was minified. Those are
 * asked.
 */
export function knownGetOf(metric: PromMetric): KnownGet | undefined {
  if (metric.collect || metric.getForPromString !== undefined) return undefined
  const { get } = metric
  let known = SEEN.get(get)
  if (known === undefined) {
    known = KNOWN.get(fingerprintOf(Function.prototype.toString.call(get))) ?? null
    SEEN.set(get, known)
  }
  return known ?? undefined
}

const SEEN = new WeakMap<object, KnownGet | null>()

/** The digest of a function's text, however that is laid out. */
function fingerprintOf(text: string): string {
  const words = text.replace(/\s+/g, '').replaceAll(',}', '}').replaceAll(',)', ')')
  return createHash('sha256').update(words).digest('hex')
}

/** Those of counters and gauges, and of summaries, in prom-client 15 and in `@prometheus-io/client` 0.16. */
const KNOWN: ReadonlyMap<string, KnownGet> = new Map([
  ['f52247e39925c36583616f367ce16fb22aa1c96af00595232f071007d0f90856', { answers: 'series', keeping: 'hashMap' }],
  ['e7bc6e59516a387195d74053a6aa0a45d05217a2d488d8b4ce64725bff801c79', { answers: 'series', keeping: 'store' }],
  ['8c19be28bc91453e3040707b233af704f03be12fa51d7e6822fcde128fe4880f', { answers: 'quantiles', keeping: 'hashMap' }],
  ['378485ec6e20655a1c3055400c22545400fdbf94f7bb7d22c0c2c86f42cea736', { answers: 'quantiles', keeping: 'store' }],
])
