import { clearTimeout, setTimeout } from 'node:timers'
import { FAMILIES } from '../metrics.ts'
import type { Store } from '../store/store.ts'
import { observerOf } from './observer.ts'

/**
 * How long the event loop lets a timer wait that is due: once a second, at random moments, since a service that works
 * to a beat of its own would otherwise be met always in its work, or always between.
 *
 * Node's `monitorEventLoopDelay` was the other choice. Its values include its own interval, it answers percentiles,
 * from which no histogram can be made that adds up over workers and scrapes, and to wake an idle process costs what it
 * costs: 0.1 ms and more, whether a line of JavaScript follows or not. So it is woken seldom.
 */

/** On average one sample in so long. `npm run bench -- sampling` tells what it costs. */
const INTERVAL_MS = 1000

/** Observes the delay of this thread's event loop into `store`, until the function that it answers is called. */
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
 * Observes a delay, and those of the samples that would have been due meanwhile: one blockage of ten seconds is not
 * one bad sample among many good ones, but ten of them. So each observation stands for as much time.
 */
export function observeDelays(delayMs: number, observe: (seconds: number) => void): void {
  // A timer may be a fraction of a millisecond early, since the event loop counts in whole ones.
  observe(Math.max(0, delayMs) / 1000)
  for (let missed = delayMs - INTERVAL_MS; missed > 0; missed -= INTERVAL_MS) observe(missed / 1000)
}
