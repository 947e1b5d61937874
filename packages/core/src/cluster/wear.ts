/** Counts the requests of one worker, and says when it has served enough: once, and again after as many more. */
export class Wear {
  readonly #limit: number
  readonly #onWorn: () => void
  #served = 0

  /** The limit is `most` and up to `jitter` more, so that workers that started together do not end together. */
  constructor(most: number, jitter: number, onWorn: () => void, random: () => number = Math.random) {
    this.#limit = most === 0 ? Number.POSITIVE_INFINITY : most + Math.floor(random() * (jitter + 1))
    this.#onWorn = onWorn
  }

  use(): void {
    if (++this.#served < this.#limit) return
    // Who should replace this worker may not come up: it is asked for again.
    this.#served = 0
    this.#onWorn()
  }
}
