import type { Bound } from './bound.ts'

/** One series of a counter. */
export interface CounterSeries {
  /**
   * Adds `amount`, which must be finite and not negative; other values are ignored and counted as an error.
   * @default 1
   */
  inc(amount?: number): void
  /** Resets it to zero. */
  clear(): void
}

/** Is called with a value that cannot be recorded. */
export type RejectValue = (what: string, value: unknown) => void

export class BoundCounter implements CounterSeries {
  readonly #bound: Bound
  readonly #rejectValue: RejectValue

  constructor(bound: Bound, rejectValue: RejectValue) {
    this.#bound = bound
    this.#rejectValue = rejectValue
    bound.make()
  }

  inc(amount: number = 1): void {
    if (typeof amount !== 'number' || !(amount >= 0 && amount < Number.POSITIVE_INFINITY)) {
      this.#rejectValue('an amount that is finite and not negative', amount)
      return
    }
    const { slot } = this.#bound
    // The storage's array is replaced when it grows, so it is read again for each use.
    const { values } = this.#bound.storage
    values[slot] = values[slot]! + amount
  }

  clear(): void {
    if (this.#bound.isPlaced) this.#bound.storage.values[this.#bound.slot] = 0
  }
}
