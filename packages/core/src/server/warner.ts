/** Tells somebody what is wrong; never throws. With a key, the same thing is said once until it is over. */
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
      // The listener's own failure is not ours to throw.
    }
  }

  sayOnce(key: string, message: string): void {
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.say(message)
  }

  /** What is over may be told again when it comes back. */
  over(key: string): void {
    this.#told.delete(key)
  }
}
