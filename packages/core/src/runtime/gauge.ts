import { setAbsent } from '../store/absent.ts'
import type { Definition } from '../store/catalog.ts'
import type { Store } from '../store/store.ts'

/** Shares of time over less than this say more of the sampling than of the worker. */
export const LEAST_WINDOW_MS = 100

/** Sets the one series of a family that has no labels of its own. A gauge is not shown before it is set. */
export function setterOf(store: Store, definition: Definition): (value: number) => void {
  const family = store.family(definition)
  const slot = family.slot([])
  if (definition.type === 'gauge') setAbsent(family.slab.values, slot)
  return value => {
    family.slab.values[slot] = value
  }
}
