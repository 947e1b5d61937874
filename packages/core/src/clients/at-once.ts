import { type KnownGet, knownGetOf } from './known-get.ts'
import type { PromMetric, PromReading, PromSample } from './registry.ts'
import { type Standstill, standstillOf, stoodStill } from './standstill.ts'

/** What a metric has said, and what is to be seen in it that it would say the same. */
interface Remembered {
  readonly reading: PromReading
  readonly standstill: Standstill
}

/**
 * Reads metrics without the promise that `get()` answers, which costs more than the numbers of a small metric: counters
 * and gauges from what they keep, summaries by what they have said as long as nothing in them has moved, since to work
 * out their quantiles costs the most of all.
 */
export class AtOnceReader {
  readonly #remembered = new WeakMap<PromMetric, Remembered>()

  /** What `get()` would answer now; undefined where the metric must be asked. Never throws. */
  read(metric: PromMetric): PromReading | undefined {
    try {
      const known = knownGetOf(metric)
      if (known === undefined) return undefined
      return known.answers === 'series' ? seriesOf(metric as Kept, known) : this.#recall(metric)
    } catch {
      // What a metric keeps is its own affair. If it is broken, its `get()` says so.
      return undefined
    }
  }

  /** Asks a metric. What a summary says is remembered. */
  ask(metric: PromMetric): Promise<PromReading> | PromReading {
    // What prom-client itself renders from: the same numbers, without a copy of the labels for each bucket.
    if (metric.getForPromString !== undefined) return metric.getForPromString()
    const known = knownGetOf(metric)
    const answer = metric.get()
    if (known?.answers !== 'quantiles') return answer
    // It has worked out everything by now, and only its promise is still to come.
    const standstill = standstillOf(metric, known.keeping)
    return standstill === undefined ? answer : this.#remember(metric, answer, standstill)
  }

  #recall(metric: PromMetric): PromReading | undefined {
    const remembered = this.#remembered.get(metric)
    return remembered !== undefined && stoodStill(metric, remembered.standstill) ? remembered.reading : undefined
  }

  async #remember(
    metric: PromMetric,
    answer: Promise<PromReading> | PromReading,
    standstill: Standstill,
  ): Promise<PromReading> {
    const reading = await answer
    this.#remembered.set(metric, { reading, standstill })
    return reading
  }
}

/** A counter or gauge of which `get()` is known. */
interface Kept extends PromReading, PromMetric {
  readonly name: string
  readonly hashMap: Readonly<Record<string, PromSample>>
  readonly store: { values(): Iterable<PromSample> }
}

function seriesOf(metric: Kept, { keeping }: KnownGet): PromReading | undefined {
  const { name, help, type, aggregator } = metric
  if (typeof name !== 'string') return undefined
  const values = keeping === 'hashMap' ? Object.values(metric.hashMap) : Array.from(metric.store.values())
  return { name, help, type, aggregator, values }
}
