import type { Definition } from '../definitions/definition.ts'
import { setAbsent } from '../store/absent.ts'
import type { Store } from '../store/store.ts'

/** Over shorter times, shares of time reflect the sampling more than the worker. */
export const LEAST_WINDOW_MS = 100

/** Returns a setter for the only series of a family without labels. A gauge is not served before it is set. */
export function setterOf(store: Store, definition: Definition): (value: number) => void {
  const family = store.family(definition)
  const slot = family.slot([])
  if (definition.type === 'gauge') setAbsent(family.storage.values, slot)
  return value => {
    family.storage.values[slot] = value
  }
}
