import type { StoreFamily } from '../../store/family.ts'
import type { CachedFamily } from './cached-family.ts'

/** A histogram of exchanges. */
export class Histogram {
  readonly series: CachedFamily
  readonly #family: StoreFamily
  readonly #bounds: Float64Array
  readonly #inFlight: StoreFamily

  constructor(series: CachedFamily, inFlight: StoreFamily) {
    this.series = series
    this.#family = series.family
    this.#bounds = Float64Array.from(series.family.definition.buckets)
    this.#inFlight = inFlight
  }

  /**
   * Adds one observation of an exchange to the series at `slot`. If `openSlot` is not negative, the exchange is no longer
   * in flight there.
   */
  observe(slot: number, value: number, openSlot: number): void {
    const bounds = this.#bounds
    // The first bucket whose bound is not lower. Most requests are fast, so the search usually ends after a few.
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    bucket += slot
    const sum = slot + bounds.length + 1
    // A family for which the store had no room has a storage of its own, in memory.
    const open = this.#inFlight.storage.values
    const { values } = this.#family.storage
    // No function call may come between these statements: a terminated thread stops at a call, and the exchange would
    // be neither counted nor reported as lost.
    if (openSlot >= 0) open[openSlot] = open[openSlot]! - 1
    values[bucket] = values[bucket]! + 1
    values[sum] = values[sum]! + value
  }
}
