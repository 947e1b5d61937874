import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { FAMILIES, GARBAGE_KINDS, type GarbageKind } from '../metrics.ts'
import type { Store } from '../store/store.ts'
import { observerOf } from './observer.ts'

/**
 * How long collecting garbage has held up this thread. V8 tells of each collection when it is over; Node hands that on
 * in a turn of the event loop of its own, so a collection costs some microseconds more than it took. An observer of
 * the user's own sees the same, and neither keeps the process alive.
 */

/** Observes the collections of this thread into `store`, until the function that it answers is called. */
export function watchGarbage(store: Store): () => void {
  const observers = new Map(
    GARBAGE_KINDS.map(kind => [kind, observerOf(store, FAMILIES.workerGarbage, [kind])] as const),
  )
  const observer = new PerformanceObserver(list => {
    // All entries of a list: several collections may come in one turn.
    for (const entry of list.getEntries()) observers.get(kindOf(entry))!(entry.duration / 1000)
  })
  observer.observe({ entryTypes: ['gc'] })
  return () => observer.disconnect()
}

function kindOf(entry: PerformanceEntry & { readonly detail?: { readonly kind?: number } }): GarbageKind {
  return KINDS.get(entry.detail?.kind ?? 0) ?? 'minor'
}

/** The collector of the young generation has a number of its own in each design of V8's; the others have not. */
const KINDS: ReadonlyMap<number, GarbageKind> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak_callbacks'],
])
