import { performance } from 'node:perf_hooks'
import { FAMILIES } from '../definitions/metrics.ts'
import type { Store } from '../store/store.ts'
import { LEAST_WINDOW_MS, setterOf } from './gauge.ts'

/** The time that an event loop has been busy and idle, in milliseconds since it started. */
interface LoopTimes {
  readonly idle: number
  readonly active: number
}

/** Samples the share of the time in which the event loop of this thread was busy since the previous sample. */
export function eventLoopSampler(
  store: Store,
  times: () => LoopTimes = () => performance.eventLoopUtilization(),
): () => void {
  const setUtilization = setterOf(store, FAMILIES.workerEventLoopUtilization)
  let before = times()
  return () => {
    const after = times()
    const active = after.active - before.active
    const elapsed = active + after.idle - before.idle
    if (elapsed < LEAST_WINDOW_MS) return
    setUtilization(active / elapsed)
    before = after
  }
}
