import type { RestartReason } from '../metrics.ts'
import { backoffMs } from '../server/backoff.ts'
import type { Exit } from './spawned.ts'

/** Why and when a worker is started again. */

type Ending = Omit<Exit, 'reason'>

/**
 * What an exit of a process that nobody asked for means. V8 aborts when the heap is full, which a shell reports as
 * 128 + 6; an abort of a process whose heap was not full is a crash.
 */
export function reasonOf({ code, signal }: Ending, wasHeapFull: boolean | undefined): RestartReason {
  if (signal === 'SIGABRT' || code === 134) return wasHeapFull === false ? 'crash' : 'out_of_memory'
  if (signal === 'SIGKILL' || code === 137) return 'killed'
  return code === 0 ? 'exit' : 'crash'
}

/** How a worker ended, in words. */
export function describeExit({ code, signal }: Ending): string {
  return signal === null ? `exit code ${code}` : signal
}

/**
 * Decides how long a slot waits before its next worker: not at all, unless the last ones died young. Those that had
 * served are followed sooner: a program that cannot start is no use, one that fails at times is.
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

  /** True while one worker after the other dies young: that is told once. */
  get isLoop(): boolean {
    return this.#diedYoung > 1
  }
}

/** The times of a worker that has ended, in milliseconds. */
export interface Life {
  /** Until it was up (it listened, or what never listens had run), or until it ended. */
  readonly startingMs: number
  /** From then on; undefined where it never was up. */
  readonly upMs?: number | undefined
  /** @default false */
  readonly hasServed?: boolean | undefined
}

/** How long a program must be up to have started. */
export const STARTED_MS = 5000
/** How long a program that never listens must run to have started: one that only loads may take long before it fails. */
const NEVER_UP_MS = 60_000
const STARTING = { firstMs: 100, mostMs: 10_000 }
const SERVED = { firstMs: 100, mostMs: 1000 }
