import type { Herd } from '../../herd/herd.ts'
import type { Maintenance } from '../../server/maintenance.ts'

/**
 * Detects workers that hang by the heartbeats in their stores, so that no worker has to respond. A heartbeat must be
 * too old at two checks: after a host was suspended, the primary may check before any worker could write a heartbeat.
 */
export class HangDetector {
  readonly #options: HangDetectorOptions
  readonly #timer: NodeJS.Timeout
  #suspects: ReadonlySet<number> = new Set()

  constructor(options: HangDetectorOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.#check(), CHECK_INTERVAL_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #check(): Promise<void> {
    const { herd, maintenance, hangTimeoutMs, onHang } = this.#options
    await maintenance.now()
    const oldest = Date.now() / 1000 - hangTimeoutMs / 1000
    const late = herd.members.filter(store => (store.worker ?? 0) > 0 && store.header('heartbeatAt') < oldest)
    const suspects = new Set(late.map(store => store.header('storeId')))
    const hung = new Set([...suspects].filter(store => this.#suspects.has(store)))
    this.#suspects = suspects
    if (hung.size > 0) onHang(hung)
  }
}

interface HangDetectorOptions {
  readonly herd: Herd
  readonly maintenance: Maintenance
  readonly hangTimeoutMs: number
  /** Called with the ids of the stores of the workers that hang. */
  readonly onHang: (stores: ReadonlySet<number>) => void
}

/** Longer than a heartbeat interval. */
const CHECK_INTERVAL_MS = 2000
