// Programs and tests replace the global functions, and their replacements may never call the callbacks.
const { clearImmediate, clearTimeout, setImmediate, setTimeout } = globalThis

/**
 * Calls `work` soon after this thread's event loop has run something, at most once in `intervalMs` on average, and
 * never while nothing runs: an idle process is not woken for it.
 *
 * An unreferenced immediate does not end the wait for events, so it runs only after something else has ended the wait.
 * It runs before the timers that are due, so a second immediate, which is referenced and therefore runs without a wait
 * for events, calls `work` after them. If `work` returns true, which means that something has changed, it is called
 * again after `intervalMs` in any case; if it returns false, after the next event. Up to `BURST` calls may follow each
 * other without an interval, so the first event after a pause is followed by `work` at once.
 *
 * A timer that is due within the microseconds between an unsuccessful call and the next wait is noticed with the next
 * event: at the latest with the heartbeat.
 */
export class ActiveInterval {
  readonly #work: () => boolean
  readonly #intervalMs: number
  /** When the interval after the last call ends; earlier by unused intervals, up to `BURST` of them. */
  #nextAt = 0
  #immediate: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(work: () => boolean, intervalMs: number) {
    this.#work = work
    this.#intervalMs = intervalMs
    this.#afterTimers()
  }

  stop(): void {
    clearImmediate(this.#immediate)
    clearTimeout(this.#timer)
  }

  readonly #woken = (): void => {
    const now = performance.now()
    this.#nextAt = Math.max(this.#nextAt, now - BURST * this.#intervalMs)
    if (this.#nextAt <= now) this.#afterTimers()
    else this.#afterInterval(this.#nextAt - now)
  }

  readonly #afterTimers = (): void => {
    this.#immediate = setImmediate(this.#call)
  }

  readonly #call = (): void => {
    this.#nextAt += this.#intervalMs
    if (this.#work()) this.#afterInterval(this.#intervalMs)
    else this.#immediate = setImmediate(this.#woken).unref()
  }

  #afterInterval(waitMs: number): void {
    this.#timer = setTimeout(this.#afterTimers, waitMs).unref()
  }
}

const BURST = 10
