/** Runs asynchronous functions one after the other, in the order in which they were added. */
export class Sequence {
  #last: Promise<unknown> = Promise.resolve()

  /** Settles as `work` does. `work` starts when all earlier calls have settled. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {})
    return result
  }
}
