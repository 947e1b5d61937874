import type { Herd } from '../herd/herd.ts'

/** How often the dead are looked for, and a keeper that died is replaced. */
const UPKEEP_INTERVAL_MS = 2000

/** Keeps a herd's directory in order for as long as it runs. Its timer keeps no process alive. */
export class Upkeep {
  readonly #herd: Herd
  readonly #timer: NodeJS.Timeout
  #stopped = false

  constructor(herd: Herd) {
    this.#herd = herd
    this.#timer = setInterval(() => void this.now(), UPKEEP_INTERVAL_MS).unref()
  }

  /** Retires the dead now, where this process is the keeper or can become it. Never rejects. */
  async now(): Promise<void> {
    if (this.#stopped) return
    try {
      // These numbers have been shown: to clear them would be to let them fall.
      if (!this.#herd.isKeeper) this.#herd.keep({ goOn: true })
      await this.#herd.retireDead()
    } catch (error) {
      this.#herd.trouble('upkeep', `the directory of the herd cannot be kept in order: ${String(error)}`)
    }
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
  }
}
