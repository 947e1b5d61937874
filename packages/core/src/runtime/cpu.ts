import { FAMILIES } from '../definitions/metrics.ts'
import type { Store } from '../store/store.ts'
import { LEAST_WINDOW_MS, setterOf } from './gauge.ts'

const MICROSECONDS = 1e6

/** Samples the CPU time of this process, and the share of one core that it used since the previous sample. */
export function cpuSampler(
  store: Store,
  cpuUsage: () => { readonly user: number; readonly system: number } = () => process.cpuUsage(),
  now: () => number = () => performance.now(),
): () => void {
  const setSeconds = setterOf(store, FAMILIES.workerCpu)
  const setUtilization = setterOf(store, FAMILIES.workerCpuUtilization)
  const secondsUsed = (): number => {
    const { user, system } = cpuUsage()
    return (user + system) / MICROSECONDS
  }
  let before = { seconds: secondsUsed(), at: now() }
  return () => {
    const seconds = secondsUsed()
    setSeconds(seconds)
    const at = now()
    const elapsedMs = at - before.at
    if (elapsedMs < LEAST_WINDOW_MS) return
    setUtilization((1000 * (seconds - before.seconds)) / elapsedMs)
    before = { seconds, at }
  }
}
