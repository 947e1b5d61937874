import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

/** Work in steps: it can pause after each of them, and a step takes well below a millisecond. Returns its result. */
export type Task<T> = Generator<unknown, T, void>

/** Runs a task to its end without a pause. */
export function runSync<T>(task: Task<T>): T {
  for (;;) {
    const step = task.next()
    if (step.done === true) return step.value
  }
}

/**
 * Runs a task, and returns to the event loop about every half millisecond.
 *
 * A turn that took much longer was delayed: by garbage collection, or by other threads on the same processor, including
 * V8's own. The task then pauses for the same time, so that those threads finish and do not delay the next turn as well.
 * A first scrape blocks the event loop for about ten milliseconds, and about half of that is waiting for a processor.
 */
export async function runCooperatively<T>(task: Task<T>): Promise<T> {
  let since = performance.now()
  for (;;) {
    const step = task.next()
    if (step.done === true) return step.value
    const took = performance.now() - since
    if (took < TURN_MS) continue
    await (took < HELD_UP_MS ? nextTurn() : sleep(Math.min(took, MAX_REST_MS)))
    since = performance.now()
  }
}

/** A garbage collection may come on top of it: together they should stay below 10 ms. */
const TURN_MS = 0.5
const HELD_UP_MS = 1.5
/** A longer delay means that the whole process was stopped. */
const MAX_REST_MS = 10
