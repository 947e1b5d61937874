import { setImmediate as nextTurn } from 'node:timers/promises'

/** Work that can be left alone between two steps, each of which takes well below a millisecond. Answers what it made. */
export type Steps<T> = Generator<unknown, T, void>

/** Does the work without a pause. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** Does the work so that others have the event loop after every half millisecond or so. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  let since = performance.now()
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (performance.now() - since < TURN_MS) continue
    await nextTurn()
    since = performance.now()
  }
}

/** A collection of garbage may come on top of it: together they are to stay below 10 ms. */
const TURN_MS = 0.5
