/** Reports problems; never throws. With a key, the same problem is reported once until it is over. */
export class Warner {
  readonly #say: (message: string) => void
  readonly #told = new Set<string>()

  constructor(onWarning: ((message: string) => void) | undefined) {
    this.#say = onWarning ?? (message => process.stderr.write(`promherd: ${message}\n`))
  }

  say(message: string): void {
    try {
      this.#say(message)
    } catch {
      // An error of the listener must not reach the caller.
    }
  }

  sayOnce(key: string, message: string): void {
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.say(message)
  }

  /** Ends a problem: it is reported again if it recurs. */
  over(key: string): void {
    this.#told.delete(key)
  }
}
