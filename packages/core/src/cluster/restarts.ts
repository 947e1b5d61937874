import { backoffMs } from '../base/backoff.ts'
import type { RestartReason } from '../definitions/metrics.ts'
import type { Exit } from './spawned.ts'

/** Why and when a worker is started again. */

type Ending = Omit<Exit, 'reason'>

/**
 * The reason for an exit that the primary did not request. V8 aborts when the heap is full, which a shell reports as
 * 128 + 6; an abort of a process whose heap was not full is a crash.
 */
export function reasonOf({ code, signal }: Ending, wasHeapFull: boolean | undefined): RestartReason {
  if (signal === 'SIGABRT' || code === 134) return wasHeapFull === false ? 'crash' : 'out_of_memory'
  if (signal === 'SIGKILL' || code === 137) return 'killed'
  return code === 0 ? 'exit' : 'crash'
}

/** A description of how a worker exited. */
export function describeExit({ code, signal }: Ending): string {
  return signal === null ? `exit code ${code}` : signal
}

/**
 * Determines how long a slot waits before its next worker: not at all, unless the last ones exited early. The wait is
 * shorter for workers that had served requests: a program that cannot start is useless, one that fails occasionally is
 * not.
 */
export class RestartPace {
  #diedYoung = 0

  /** The wait after a worker. */
  delayAfterMs(life: Life): number {
    const { startingMs, upMs, hasServed = false } = life
    const hasStarted = upMs === undefined ? startingMs >= NEVER_UP_MS : upMs >= STARTED_MS
    this.#diedYoung = hasStarted ? 0 : this.#diedYoung + 1
    return this.#diedYoung === 0 ? 0 : backoffMs(this.#diedYoung - 1, hasServed ? SERVED : STARTING)
  }

  /** True while workers exit early one after the other: that is logged once. */
  get isLoop(): boolean {
    return this.#diedYoung > 1
  }
}

/** The times of a worker that has exited, in milliseconds. */
export interface Life {
  /** Until it was up (it listened, or, if it never listens, its entry had run), or until it exited. */
  readonly startingMs: number
  /** From then on; undefined if it never was up. */
  readonly upMs?: number | undefined
  /** @default false */
  readonly hasServed?: boolean | undefined
}

/** How long a program must be up to count as started. */
export const STARTED_MS = 5000
/** How long a program that never listens must run to count as started: loading may take long before it fails. */
const NEVER_UP_MS = 60_000
const STARTING = { firstMs: 100, mostMs: 10_000 }
const SERVED = { firstMs: 100, mostMs: 1000 }
