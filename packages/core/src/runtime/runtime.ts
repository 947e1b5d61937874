import type { Store } from '../store/store.ts'
import { cpuSampler } from './cpu.ts'
import { countCrashes } from './crashes.ts'
import { eventLoopSampler } from './event-loop.ts'
import { watchEventLoopDelay } from './event-loop-delay.ts'
import { watchGarbage } from './garbage.ts'
import { memorySampler } from './memory.ts'

/** What a worker says of itself: one subject a file. */

/** What is to be asked: a function that takes a sample into the store. */
export function runtimeSampler(store: Store): () => void {
  const samplers = [cpuSampler(store), memorySampler(store), eventLoopSampler(store)]
  return () => {
    for (const sample of samplers) sample()
  }
}

/** What has to be watched while it happens. Answers how to stop. */
export function watchRuntime(store: Store): () => void {
  const watches = [countCrashes(store), watchEventLoopDelay(store), watchGarbage(store)]
  return () => {
    for (const stop of watches) stop()
  }
}
