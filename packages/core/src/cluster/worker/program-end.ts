import type { EventEmitter } from 'node:events'
import { constants } from 'node:os'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import { SignalWatch } from './signal-watch.ts'

/**
 * Ends the program in a worker: the program receives a signal that it listens for, once, and ends in its own way. Its
 * servers are not touched.
 *
 * A thread receives no signals from the operating system. Its `process` can have listeners nevertheless, and they are
 * called.
 */
export class ProgramEnd {
  readonly #watch: SignalWatch | undefined
  readonly #onOwnEnd: () => void

  /**
   * `onOwnEnd` is called just before the program ends in its own way: after that nothing else may keep the worker
   * running.
   */
  constructor(onOwnEnd: () => void) {
    this.#onOwnEnd = onOwnEnd
    this.#watch = isMainThread ? new SignalWatch(FOR_THE_PRIMARY, onOwnEnd) : undefined
  }

  /**
   * Emits the first of `signals` that the program listens for, unless it has just received it from the operating system
   * as well. Returns false if the program listens for none of them.
   */
  async emit(signals: readonly NodeJS.Signals[]): Promise<boolean> {
    await this.#otherSignals()
    if (signals.some(signal => this.#watch?.hasReceived(signal, SAME_SIGNAL_MS))) return true
    const signal = signals.find(each => process.listenerCount(each) > 0)
    if (signal === undefined) return false
    this.#watch?.stop()
    this.#onOwnEnd()
    // An error in a listener is uncaught, as it is when Node emits the signal.
    setImmediate(() => (process as EventEmitter).emit(signal, signal, constants.signals[signal]))
    return true
  }

  /**
   * A terminal sends a signal to the primary and its workers. It reaches the queue of this process before the message
   * of the primary does, but the event loop may handle the message first. A supervisor sends it to one process after
   * the other.
   */
  async #otherSignals(): Promise<void> {
    if (this.#watch === undefined) return
    await wait(BETWEEN_PROCESSES_MS)
    await nextTurn()
    await nextTurn()
  }
}

const FOR_THE_PRIMARY = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR2'] as const
const BETWEEN_PROCESSES_MS = 10
const SAME_SIGNAL_MS = 2000
