import { getHeapStatistics } from 'node:v8'
import { FAMILIES } from '../definitions/metrics.ts'
import type { Store } from '../store/store.ts'
import { setterOf } from './gauge.ts'

/** Samples the resident memory of this process. */
export function residentSampler(
  store: Store,
  residentBytes: () => number = () => process.memoryUsage.rss(),
): () => void {
  const setResident = setterOf(store, FAMILIES.workerResidentMemory)
  return () => setResident(residentBytes())
}

/** Samples the JavaScript heap of this thread, and its limit. */
export function heapSampler(
  store: Store,
  heap: () => { readonly used_heap_size: number; readonly heap_size_limit: number } = getHeapStatistics,
): () => void {
  const setHeapUsed = setterOf(store, FAMILIES.workerHeapUsed)
  const setHeapLimit = setterOf(store, FAMILIES.workerHeapLimit)
  return () => {
    const { used_heap_size: used, heap_size_limit: limit } = heap()
    setHeapUsed(used)
    setHeapLimit(limit)
  }
}
