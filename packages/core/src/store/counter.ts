import type { Bound } from './bound.ts'

/** One series of a counter. */
export interface CounterSeries {
  /** Adds `amount`, finite and not negative; anything else is left out, and counted as an error. @default 1 */
  inc(amount?: number): void
  /** Begins again at zero. */
  clear(): void
}

/** Takes what cannot be recorded. */
export type Refuse = (what: string, value: unknown) => void

export class BoundCounter implements CounterSeries {
  readonly #bound: Bound
  readonly #refuse: Refuse

  constructor(bound: Bound, refuse: Refuse) {
    this.#bound = bound
    this.#refuse = refuse
    bound.make()
  }

  inc(amount: number = 1): void {
    if (typeof amount !== 'number' || !(amount >= 0 && amount < Number.POSITIVE_INFINITY)) {
      this.#refuse('an amount that is finite and not negative', amount)
      return
    }
    const { slot } = this.#bound
    // The slab's values are replaced when it grows, so they are looked up for each use.
    const { values } = this.#bound.slab
    values[slot] = values[slot]! + amount
  }

  clear(): void {
    if (this.#bound.isPlaced) this.#bound.slab.values[this.#bound.slot] = 0
  }
}
