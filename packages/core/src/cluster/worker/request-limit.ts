/**
 * Counts the requests of one worker, and calls `onReached` when their number reaches the limit, and again after the same
 * number of further requests.
 */
export class RequestLimit {
  readonly #limit: number
  readonly #onReached: () => void
  #count = 0

  /** The limit is `most` plus a random number up to `jitter`, so that workers do not all end at the same time. */
  constructor(most: number, jitter: number, onReached: () => void, random: () => number = Math.random) {
    this.#limit = most === 0 ? Number.POSITIVE_INFINITY : most + Math.floor(random() * (jitter + 1))
    this.#onReached = onReached
  }

  countRequest(): void {
    if (++this.#count < this.#limit) return
    // The replacement of this worker may not start: it is requested again.
    this.#count = 0
    this.#onReached()
  }
}
