import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

/** Work that can be left alone between two steps, each of which takes well below a millisecond. Answers what it made. */
export type Steps<T> = Generator<unknown, T, void>

/** Does the work without a pause. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/**
 * Does the work so that others have the event loop after every half millisecond or so.
 *
 * A turn that took much longer was held up: by a collection of garbage, or by whoever wanted the same processor, V8's
 * own helpers among them. It is their turn for as long, or they would hold up the next one as well: of some ten
 * milliseconds that a cold scrape blocks the event loop, about half is waiting for a processor.
 */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  let since = performance.now()
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    const took = performance.now() - since
    if (took < TURN_MS) continue
    await (took < HELD_UP_MS ? nextTurn() : sleep(Math.min(took, MAX_REST_MS)))
    since = performance.now()
  }
}

/** A collection of garbage may come on top of it: together they are to stay below 10 ms. */
const TURN_MS = 0.5
const HELD_UP_MS = 1.5
/** Longer than that nobody was held up but by the stop of the whole process. */
const MAX_REST_MS = 10
