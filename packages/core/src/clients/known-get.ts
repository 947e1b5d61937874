import type { PromMetric } from './registry.ts'

/** Where a metric keeps its series: prom-client in an object, `@prometheus-io/client` in a map of its own. */
export type Keeping = 'hashMap' | 'store'

/** A `get()` that is known to the word, so that it is known what else it does. */
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
    known = KNOWN.get(wordsOf(Function.prototype.toString.call(get))) ?? null
    SEEN.set(get, known)
  }
  return known ?? undefined
}

const SEEN = new WeakMap<object, KnownGet | null>()

/** The text of a function, however it is laid out. */
function wordsOf(text: string): string {
  return text.replace(/\s+/g, '').replaceAll(',}', '}').replaceAll(',)', ')')
}

const COLLECTS = 'async get() { if (this.collect) { const v = this.collect(); if (v instanceof Promise) await v; }'

function ofSeries(values: string): string {
  return wordsOf(`${COLLECTS} return {
    help: this.help, name: this.name, type: this.type, values: ${values}, aggregator: this.aggregator
  }; }`)
}

function ofQuantiles(gathered: string): string {
  return wordsOf(`${COLLECTS} ${gathered} return {
    name: this.name, help: this.help, type: this.type, values, aggregator: this.aggregator
  }; }`)
}

/** Those of counters, gauges and summaries in prom-client 15 and in `@prometheus-io/client` 0.16. */
const KNOWN: ReadonlyMap<string, KnownGet> = new Map([
  [ofSeries('Object.values(this.hashMap)'), { answers: 'series', keeping: 'hashMap' }],
  [ofSeries('Array.from(this.store.values())'), { answers: 'series', keeping: 'store' }],
  [
    ofQuantiles(`const hashKeys = Object.keys(this.hashMap); const values = [];
      hashKeys.forEach(hashKey => {
        const s = this.hashMap[hashKey];
        if (s) {
          if (this.pruneAgedBuckets && s.td.size() === 0) { delete this.hashMap[hashKey]; }
          else {
            extractSummariesForExport(s, this.percentiles).forEach(v => { values.push(v); });
            values.push(getSumForExport(s, this));
            values.push(getCountForExport(s, this));
          }
        }
      });`),
    { answers: 'quantiles', keeping: 'hashMap' },
  ],
  [
    ofQuantiles(`const values = [];
      for (const entry of this.store.values()) {
        const s = entry.value;
        if (this.pruneAgedBuckets && s.td.size() === 0) { this.store.remove(entry.labels); }
        else {
          values.push(...extractSummariesForExport(s, this.percentiles));
          values.push(getSumForExport(s, this));
          values.push(getCountForExport(s, this));
        }
      }`),
    { answers: 'quantiles', keeping: 'store' },
  ],
])
