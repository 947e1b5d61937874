import { clearTimeout, setTimeout } from 'node:timers'
import { FAMILIES } from '../definitions/metrics.ts'
import type { Store } from '../store/store.ts'
import { observerOf } from './observer.ts'

/**
 * Measures how long a due timer waits in the event loop: once a second, at random moments, since samples at a fixed
 * interval could always fall into the work of a periodic service, or always between.
 *
 * The alternative was Node's `monitorEventLoopDelay`. Its values include its own interval, and it returns percentiles,
 * from which no histogram can be built that adds up over workers and scrapes. Waking an idle process costs 0.1 ms or
 * more, regardless of how little JavaScript then runs, so samples are rare.
 */

/** The average time between samples. `npm run bench -- sampling` measures the cost. */
const INTERVAL_MS = 1000

/** Observes the delay of this thread's event loop in `store`, until the returned function is called. */
export function watchEventLoopDelay(store: Store): () => void {
  const observe = observerOf(store, FAMILIES.workerEventLoopDelay)
  let timer: NodeJS.Timeout
  let dueAt = 0
  const wait = (): void => {
    const waitMs = Math.round(INTERVAL_MS * (0.5 + Math.random()))
    dueAt = performance.now() + waitMs
    timer = setTimeout(sample, waitMs).unref()
  }
  const sample = (): void => {
    observeDelays(performance.now() - dueAt, observe)
    wait()
  }
  wait()
  return () => clearTimeout(timer)
}

/**
 * Observes a delay, and those of the samples that would have been due meanwhile: one blockage of ten seconds counts as
 * ten bad samples, not as one among many good ones. So each observation represents the same amount of time.
 */
export function observeDelays(delayMs: number, observe: (seconds: number) => void): void {
  // A timer may fire a fraction of a millisecond early, since the event loop counts whole milliseconds.
  observe(Math.max(0, delayMs) / 1000)
  for (let missed = delayMs - INTERVAL_MS; missed > 0; missed -= INTERVAL_MS) observe(missed / 1000)
}
