import { getHeapStatistics } from 'node:v8'
import { FAMILIES } from '../metrics.ts'
import type { Store } from '../store/store.ts'
import { setterOf } from './gauge.ts'

/** Resident memory of this process, and the JavaScript heap of this thread and how far it may grow. */
export function memorySampler(
  store: Store,
  residentBytes: () => number = () => process.memoryUsage.rss(),
  heap: () => { readonly used_heap_size: number; readonly heap_size_limit: number } = getHeapStatistics,
): () => void {
  const setResident = setterOf(store, FAMILIES.workerResidentMemory)
  const setHeapUsed = setterOf(store, FAMILIES.workerHeapUsed)
  const setHeapLimit = setterOf(store, FAMILIES.workerHeapLimit)
  return () => {
    const { used_heap_size: used, heap_size_limit: limit } = heap()
    setResident(residentBytes())
    setHeapUsed(used)
    setHeapLimit(limit)
  }
}
