/**
 * Passes messages about problems to the listener of the user, or writes them to stderr. Never throws.
 */
export class Warner {
  readonly #write: (message: string) => void
  readonly #logged = new Set<string>()

  constructor(onWarning: ((message: string) => void) | undefined) {
    this.#write = onWarning ?? (message => process.stderr.write(`promherd: ${message}\n`))
  }

  log(message: string): void {
    try {
      this.#write(message)
    } catch {
      // An error of the listener cannot be reported to it, and must not reach the caller.
    }
  }

  /** Logs only the first message with this key. */
  logOnce(key: string, message: string): void {
    if (this.#logged.has(key)) return
    this.#logged.add(key)
    this.log(message)
  }
}
