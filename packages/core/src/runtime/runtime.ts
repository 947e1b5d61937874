import type { Store } from '../store/store.ts'
import { cpuSampler } from './cpu.ts'
import { countCrashes } from './crashes.ts'
import { eventLoopSampler } from './event-loop.ts'
import { watchEventLoopDelay } from './event-loop-delay.ts'
import { watchGarbage } from './garbage.ts'
import { heapSampler, residentSampler } from './memory.ts'

/** What a worker says of itself: one subject a file. Samplers are asked: each takes a sample into the store. */

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

/** What has to be watched while it happens. Answers how to stop. */
export function watchRuntime(store: Store): () => void {
  const watches = [countCrashes(store), watchEventLoopDelay(store), watchGarbage(store)]
  return together(watches)
}
