import type { Store } from '../store/store.ts'
import { cpuSampler } from './cpu.ts'
import { eventLoopSampler } from './event-loop.ts'
import { memorySampler } from './memory.ts'

/** What a worker says of itself: one subject a file, each a function that takes a sample into the store. */
export function runtimeSampler(store: Store): () => void {
  const samplers = [cpuSampler(store), memorySampler(store), eventLoopSampler(store)]
  return () => {
    for (const sample of samplers) sample()
  }
}
