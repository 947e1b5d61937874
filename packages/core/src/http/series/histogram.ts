import type { StoreFamily } from '../../store/family.ts'
import type { Scope } from './series.ts'

/** One more histogram of exchanges, for an option. Its series are found in the same way as those of the durations. */
export class Histogram {
  readonly #family: StoreFamily
  readonly #slots = new Map<Scope, Map<string, Map<number, number>>>()

  constructor(family: StoreFamily) {
    this.#family = family
  }

  /** Adds one observation; `labels` is called only for the first one of a series. */
  observe(value: number, scope: Scope, route: string, key: number, labels: () => readonly string[]): void {
    const slot = this.#slots.get(scope)?.get(route)?.get(key) ?? this.#place(scope, route, key, labels())
    const { storage, definition } = this.#family
    const { buckets } = definition
    let bucket = 0
    while (bucket < buckets.length && value > buckets[bucket]!) bucket++
    const sum = slot + buckets.length + 1
    storage.values[slot + bucket] = storage.values[slot + bucket]! + 1
    storage.values[sum] = storage.values[sum]! + value
  }

  #place(scope: Scope, route: string, key: number, labels: readonly string[]): number {
    const slot = this.#family.slot(labels)
    // Series that the store does not keep use no memory here either.
    if (slot !== this.#family.overflow) inner(inner(this.#slots, scope), route).set(key, slot)
    return slot
  }
}

function inner<Key, InnerKey, Value>(map: Map<Key, Map<InnerKey, Value>>, key: Key): Map<InnerKey, Value> {
  let found = map.get(key)
  if (found === undefined) {
    found = new Map()
    map.set(key, found)
  }
  return found
}
