import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { GARBAGE_KINDS, type GarbageKind } from '../definitions/label-values.ts'
import { FAMILIES } from '../definitions/metrics.ts'
import type { Store } from '../store/store.ts'
import { observerOf } from './observer.ts'

/**
 * Measures how long garbage collection has paused this thread. V8 reports each collection at its end; Node delivers the
 * report in a separate turn of the event loop, so a collection costs some microseconds more than its pause. An observer
 * in the application sees the same entries, and neither keeps the process alive.
 */

/** Observes the collections of this thread in `store`, until the returned function is called. */
export function watchGarbage(store: Store): () => void {
  const observers = new Map(
    GARBAGE_KINDS.map(kind => [kind, observerOf(store, FAMILIES.workerGarbage, [kind])] as const),
  )
  const observer = new PerformanceObserver(list => {
    // Process all entries of a list: several collections may occur in one turn.
    for (const entry of list.getEntries()) observers.get(kindOf(entry))!(entry.duration / 1000)
  })
  observer.observe({ entryTypes: ['gc'] })
  return () => observer.disconnect()
}

function kindOf(entry: PerformanceEntry & { readonly detail?: { readonly kind?: number } }): GarbageKind {
  return KINDS.get(entry.detail?.kind ?? 0) ?? 'minor'
}

/**
 * V8's collectors of the young generation have different numbers in different designs; the other kinds have one each.
 */
const KINDS: ReadonlyMap<number, GarbageKind> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak_callbacks'],
])
