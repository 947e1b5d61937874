import type { Store } from '../store/store.ts'
import { cpuSampler } from './cpu.ts'
import { countCrashes } from './crashes.ts'
import { eventLoopSampler } from './event-loop.ts'
import { watchEventLoopDelay } from './event-loop-delay.ts'
import { watchGarbage } from './garbage.ts'
import { heapSampler, residentSampler } from './memory.ts'

/**
 * The metrics that a worker reports about itself: one file per subject. A sampler is called to write a sample to the
 * store.
 */

/** Samples that all threads of a process have in common. */
export function processSampler(store: Store): () => void {
  return together([cpuSampler(store), residentSampler(store)])
}

/** Samples that each thread has for itself. */
export function threadSampler(store: Store): () => void {
  return together([heapSampler(store), eventLoopSampler(store)])
}

/** Both: for a process whose main thread is the worker. */
export function runtimeSampler(store: Store): () => void {
  return together([processSampler(store), threadSampler(store)])
}

function together(samplers: readonly (() => void)[]): () => void {
  return () => {
    for (const sample of samplers) sample()
  }
}

/** Starts the metrics that are recorded when events occur. Returns a function that stops them. */
export function watchRuntime(store: Store): () => void {
  const watches = [countCrashes(store), watchEventLoopDelay(store), watchGarbage(store)]
  return together(watches)
}
