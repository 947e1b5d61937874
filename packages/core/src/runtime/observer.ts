import type { Definition } from '../definitions/definition.ts'
import type { Store } from '../store/store.ts'

/** Creates one series of a histogram, and returns a function that observes values in it. */
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
    // The storage's array is replaced when it grows, so it is read again for each use.
    const { values } = family.storage
    let bucket = 0
    while (bucket < buckets.length && value > buckets[bucket]!) bucket++
    values[slot + bucket] = values[slot + bucket]! + 1
    values[sum] = values[sum]! + value
  }
}
