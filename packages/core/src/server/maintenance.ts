import type { Herd } from '../herd/herd.ts'

/** The interval between scans. */
const UPKEEP_INTERVAL_MS = 2000

/** Retires the stores of exited processes every few seconds, and replaces an exited leader. Its timer does not keep the process alive. */
export class Maintenance {
  readonly #herd: Herd
  readonly #timer: NodeJS.Timeout
  #stopped = false

  constructor(herd: Herd) {
    this.#herd = herd
    this.#timer = setInterval(() => void this.now(), UPKEEP_INTERVAL_MS).unref()
  }

  /** Retires the stores of exited processes now, if this process is the leader or can become it. Never rejects. */
  async now(): Promise<void> {
    if (this.#stopped) return
    try {
      // These numbers have been served: clearing them would let counters decrease.
      if (!this.#herd.isLeader) this.#herd.lead({ resume: true })
      await this.#herd.retireExited()
    } catch (error) {
      this.#herd.reportError('maintenance', `maintenance of the directory failed: ${String(error)}`)
    }
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
  }
}
