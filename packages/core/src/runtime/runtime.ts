import type { Store } from '../store/store.ts'
import { cpuSampler } from './cpu.ts'
import { eventLoopSampler } from './event-loop.ts'
import { heapSampler, residentSampler } from './memory.ts'

/** What a worker says of itself: one subject a file, each a function that takes a sample into the store. */

/** What stands once for all threads of a process. */
export function processSampler(store: Store): () => void {
  return together([cpuSampler(store), residentSampler(store)])
}

/** What each thread has for itself. */
export function threadSampler(store: Store): () => void {
  return together([heapSampler(store), eventLoopSampler(store)])
}

/** Both: of a process whose main thread is the worker. */
export function runtimeSampler(store: Store): () => void {
  return together([processSampler(store), threadSampler(store)])
}

function together(samplers: readonly (() => void)[]): () => void {
  return () => {
    for (const sample of samplers) sample()
  }
}
