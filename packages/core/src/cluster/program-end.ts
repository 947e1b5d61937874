import type { EventEmitter } from 'node:events'
import { constants } from 'node:os'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import { SignalWatch } from './signal-watch.ts'

/**
 * The program in a worker, as far as its end is concerned: it receives a signal that it listens for, once, and ends in
 * its own way then. Its servers are not touched.
 *
 * A thread receives no signals from the operating system. Its `process` has listeners all the same, which are called.
 */
export class ProgramEnd {
  readonly #watch: SignalWatch | undefined
  readonly #onOwnEnd: () => void

  /** `onOwnEnd` is called just before the program is to end in its own way: then nothing else may keep the worker. */
  constructor(onOwnEnd: () => void) {
    this.#onOwnEnd = onOwnEnd
    this.#watch = isMainThread ? new SignalWatch(FOR_THE_PRIMARY, onOwnEnd) : undefined
  }

  /**
   * Emits the first of `signals` that the program listens for, unless it has just received it from the operating system
   * as well. Returns false where the program listens for none of them.
   */
  async emit(signals: readonly NodeJS.Signals[]): Promise<boolean> {
    await this.#otherSignals()
    if (signals.some(signal => this.#watch?.hasReceived(signal, SAME_SIGNAL_MS))) return true
    const signal = signals.find(each => process.listenerCount(each) > 0)
    if (signal === undefined) return false
    this.#watch?.stop()
    this.#onOwnEnd()
    // What a listener throws is uncaught, as it is when Node emits the signal.
    setImmediate(() => (process as EventEmitter).emit(signal, signal, constants.signals[signal]))
    return true
  }

  /**
   * A terminal sends a signal to the primary and its workers. It is in the queue of this process before the message of
   * the primary is, but the event loop may come to the message first. A supervisor sends to one process after the other.
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
