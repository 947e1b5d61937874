import type { Definition } from '../store/catalog.ts'
import type { Store } from '../store/store.ts'

/** Takes observations into one series of a histogram, which is there from now on. */
export function observerOf(
  store: Store,
  definition: Definition,
  labels: readonly string[] = [],
): (value: number) => void {
  const { buckets } = definition
  const family = store.family(definition)
  const slot = family.slot(labels)
  const sum = slot + buckets.length + 1
  return value => {
    // The slab's values are replaced when it grows, so they are looked up for each use.
    const { values } = family.slab
    let bucket = 0
    while (bucket < buckets.length && value > buckets[bucket]!) bucket++
    values[slot + bucket] = values[slot + bucket]! + 1
    values[sum] = values[sum]! + value
  }
}
