import { backoffMs } from '../base/backoff.ts'
import type { RestartReason } from '../definitions/label-values.ts'
import type { Exit } from './child.ts'

/** Why and when a worker is started again. */

type ExitStatus = Pick<Exit, 'code' | 'signal'>

/**
 * The reason for an exit that the primary did not request. V8 aborts when the heap is full, which a shell reports as
 * 128 + 6; an abort of a process whose heap was not full is a crash.
 */
export function reasonOf({ code, signal }: ExitStatus, wasHeapFull: boolean | undefined): RestartReason {
  if (signal === 'SIGABRT' || code === 134) return wasHeapFull === false ? 'crash' : 'out_of_memory'
  if (signal === 'SIGKILL' || code === 137) return 'killed'
  return code === 0 ? 'exit' : 'crash'
}

/** How a worker exited, as a phrase after its name. */
export function describeExit({ code, signal }: ExitStatus): string {
  return signal === null ? `exited with code ${code}` : `was ended by ${signal}`
}

/**
 * Determines the delay before a worker slot starts its next worker: 0, unless the last workers exited early. The delay
 * is shorter for workers that had served requests: a program that fails occasionally serves between its failures, and a
 * program that cannot start never does.
 */
export class RestartDelay {
  #earlyExits = 0

  /** The delay after a worker that has exited. */
  afterMs({ startingMs, listeningMs, hasServed = false }: WorkerTimes): number {
    const hasStarted = listeningMs === undefined ? startingMs >= NEVER_LISTENED_MS : listeningMs >= STARTED_MS
    this.#earlyExits = hasStarted ? 0 : this.#earlyExits + 1
    return this.#earlyExits === 0 ? 0 : backoffMs(this.#earlyExits - 1, hasServed ? SERVED : STARTING)
  }

  /** True while several workers in a row have exited early: that is logged once. */
  get isLoop(): boolean {
    return this.#earlyExits > 1
  }
}

/** The times of a worker that has exited, in milliseconds. */
export interface WorkerTimes {
  /** Until it listened (or, if it never listens, until its entry had run), or until it exited. */
  readonly startingMs: number
  /** From then on; undefined if it never listened. */
  readonly listeningMs?: number | undefined
  /** @default false */
  readonly hasServed?: boolean | undefined
}

/** How long a program must listen to count as started. */
export const STARTED_MS = 5000
/** How long a program that never listens must run to count as started: loading may take long before it fails. */
const NEVER_LISTENED_MS = 60_000
const STARTING = { firstMs: 100, mostMs: 10_000 }
const SERVED = { firstMs: 100, mostMs: 1000 }
