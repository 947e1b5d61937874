/** The terminal while `top` runs: the alternate screen, without a cursor, restored however this process exits. */
export class Screen {
  readonly #out = process.stdout
  readonly #in = process.stdin
  readonly #onKey: (key: Buffer) => void
  readonly #onExit = (): void => this.leave()
  #isOurs = true

  /** Takes over the terminal. `onQuit` is called for the keys that quit, `onResize` for a new window size. */
  constructor({ onQuit, onResize }: { onQuit: () => void; onResize: () => void }) {
    this.#onKey = key => {
      if (QUIT_KEYS.has(key.toString())) onQuit()
    }
    process.on('exit', this.#onExit)
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, onQuit)
    this.#out.on('resize', onResize)
    this.#out.write('\x1b[?1049h\x1b[?25l')
    if (!this.#in.isTTY) return
    this.#in.setRawMode(true)
    this.#in.on('data', this.#onKey)
  }

  get width(): number {
    return this.#out.columns
  }

  get height(): number {
    return this.#out.rows
  }

  /** Replaces the content by these lines: in one write, to avoid flicker. */
  show(lines: readonly string[]): void {
    if (!this.#isOurs) return
    this.#out.write(`\x1b[H${lines.map(line => `${line}\x1b[K`).join('\r\n')}\x1b[J`)
  }

  /** Restores the terminal. */
  leave(): void {
    if (!this.#isOurs) return
    this.#isOurs = false
    if (this.#in.isTTY) this.#in.setRawMode(false).pause()
    this.#out.write('\x1b[?25h\x1b[?1049l')
  }
}

/** q, Ctrl-C, and Ctrl-D. */
const QUIT_KEYS: ReadonlySet<string> = new Set(['q', 'Q', '\x03', '\x04'])
