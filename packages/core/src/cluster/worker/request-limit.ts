/**
 * Counts the requests of one worker, and calls `onWorn` when it has reached its limit: once, and again after the same
 * number of requests.
 */
export class Wear {
  readonly #limit: number
  readonly #onWorn: () => void
  #served = 0

  /** The limit is `most` plus a random number up to `jitter`, so that workers do not all end at the same time. */
  constructor(most: number, jitter: number, onWorn: () => void, random: () => number = Math.random) {
    this.#limit = most === 0 ? Number.POSITIVE_INFINITY : most + Math.floor(random() * (jitter + 1))
    this.#onWorn = onWorn
  }

  use(): void {
    if (++this.#served < this.#limit) return
    // The replacement of this worker may not start: it is requested again.
    this.#served = 0
    this.#onWorn()
  }
}
