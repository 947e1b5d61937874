/** Does one piece of work after the other, in the order in which they were given. */
export class Sequence {
  #last: Promise<unknown> = Promise.resolve()

  /** Settles as `work` does, which begins when all that were given before have settled. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return result
  }
}
