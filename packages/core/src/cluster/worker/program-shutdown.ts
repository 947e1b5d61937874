import type { EventEmitter } from 'node:events'
import { constants } from 'node:os'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import { SignalWatch } from './signal-watch.ts'

/**
 * Shuts the program in a worker down: the program receives a signal that it listens for, once, and exits in its own
 * way. Its servers are not touched.
 *
 * A thread receives no signals from the operating system. Its `process` can have listeners nevertheless, and they are
 * called.
 */
export class ProgramShutdown {
  readonly #watch: SignalWatch | undefined
  readonly #onOwnExit: () => void

  /**
   * `onOwnExit` is called just before the program exits in its own way: after that nothing else may keep the worker
   * running.
   */
  constructor(onOwnExit: () => void) {
    this.#onOwnExit = onOwnExit
    this.#watch = isMainThread ? new SignalWatch(PRIMARY_SIGNALS, onOwnExit) : undefined
  }

  /**
   * Emits the first of `signals` that the program listens for, unless it has just received it from the operating system
   * as well. Returns false if the program listens for none of them.
   */
  async emit(signals: readonly NodeJS.Signals[]): Promise<boolean> {
    await this.#waitForSignals()
    if (signals.some(signal => this.#watch?.hasReceived(signal, SAME_SIGNAL_MS))) return true
    const signal = signals.find(each => process.listenerCount(each) > 0)
    if (signal === undefined) return false
    this.#watch?.stop()
    this.#onOwnExit()
    // An error in a listener is uncaught, as it is when Node emits the signal.
    setImmediate(() => (process as EventEmitter).emit(signal, signal, constants.signals[signal]))
    return true
  }

  /**
   * A terminal sends a signal to the primary and its workers. It reaches the queue of this process before the message
   * of the primary does, but the event loop may handle the message first. A supervisor sends it to one process after
   * the other.
   */
  async #waitForSignals(): Promise<void> {
    if (this.#watch === undefined) return
    await wait(BETWEEN_PROCESSES_MS)
    await nextTurn()
    await nextTurn()
  }
}

/** Signals that a terminal or supervisor may send to the workers as well, and that the primary handles. */
const PRIMARY_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR2'] as const
const BETWEEN_PROCESSES_MS = 10
const SAME_SIGNAL_MS = 2000
