import { promherdError } from '../base/errors.ts'
import type { Bound } from './bound.ts'
import type { RejectValue } from './counter.ts'

/** One series of a histogram. */
export interface HistogramSeries {
  /** Records one observation, which must be a finite number; other values are ignored and counted as an error. */
  observe(value: number): void
  /** Starts a timer. Each call of the returned function observes the seconds since then and returns them. */
  startTimer(): () => number
  /** Resets it to no observations. */
  clear(): void
}

export class BoundHistogram implements HistogramSeries {
  readonly #bound: Bound
  readonly #rejectValue: RejectValue
  readonly #bounds: Float64Array

  constructor(bound: Bound, rejectValue: RejectValue, bounds: Float64Array) {
    this.#bound = bound
    this.#rejectValue = rejectValue
    this.#bounds = bounds
    bound.make()
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) {
      this.#rejectValue('a finite number', value)
      return
    }
    const bounds = this.#bounds
    const { slot } = this.#bound
    const { values } = this.#bound.storage
    // Most observations are small, so most searches end in the first few buckets.
    let bucket = 0
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++
    const sum = slot + bounds.length + 1
    values[slot + bucket] = values[slot + bucket]! + 1
    values[sum] = values[sum]! + value
  }

  startTimer(): () => number {
    const startedAt = performance.now()
    return () => {
      const seconds = (performance.now() - startedAt) / 1000
      this.observe(seconds)
      return seconds
    }
  }

  clear(): void {
    if (!this.#bound.isPlaced) return
    const { slot } = this.#bound
    this.#bound.storage.values.fill(0, slot, slot + this.#bounds.length + 2)
  }
}

/**
 * `count` upper bounds that begin with `start`, each `width` above the one before.
 * @throws ERR_PROMHERD_BAD_OPTION if they would not increase.
 */
export function linearBuckets(start: number, width: number, count: number): number[] {
  return bucketsOf('linearBuckets', { start, width, count }, width > 0, i => start + i * width)
}

/**
 * `count` upper bounds that begin with `start`, each `factor` times the one before.
 * @throws ERR_PROMHERD_BAD_OPTION if they would not increase.
 */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  return bucketsOf('exponentialBuckets', { start, factor, count }, start > 0 && factor > 1, i => start * factor ** i)
}

function bucketsOf(
  where: string,
  given: { readonly [name: string]: number; readonly count: number },
  rises: boolean,
  bound: (i: number) => number,
): number[] {
  const isCount = Number.isInteger(given.count) && given.count >= 1 && given.count <= MAX_BUCKETS
  const buckets = rises && isCount ? Array.from({ length: given.count }, (_, i) => bound(i)) : []
  if (buckets.length > 0 && buckets.every((each, i) => Number.isFinite(each) && (i === 0 || each > buckets[i - 1]!))) {
    return buckets
  }
  const expected = `numbers that make at most ${MAX_BUCKETS} increasing bounds`
  throw promherdError('ERR_PROMHERD_BAD_OPTION', where, expected, given, 'Give a positive width, or a factor above 1.')
}

/** A limit against mistakes: each series stores one number per bucket. */
export const MAX_BUCKETS = 1000
