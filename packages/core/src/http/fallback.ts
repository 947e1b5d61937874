import { dirname } from 'node:path'
import type { ErrorCode, PromherdError } from '../base/errors.ts'
import { shared } from '../base/shared.ts'
import type { Store } from '../store/store.ts'

/**
 * A fallback recorder, created before it is known whether the application records itself. Recorders that the
 * application creates take precedence.
 */
export interface StandIn {
  readonly store: Store
  /** Stops recording. Its families are withdrawn if others declare them differently. */
  giveWay(isInTheWay: boolean): void
}

// One for each store, and one for each directory, which several stores of this process may share.
const BY_STORE = shared('stand-ins by store', () => new WeakMap<Store, StandIn>())
const BY_DIRECTORY = shared('stand-ins by directory', () => new Map<string, StandIn>())

export function standIn(who: StandIn): void {
  BY_STORE.set(who.store, who)
  const directory = directoryOf(who.store)
  if (directory !== undefined) BY_DIRECTORY.set(directory, who)
}

/**
 * Returns the result of `declare` for `store`. The fallback yields if its declarations conflict with it. It also yields
 * if it records into another store of the same directory: everything would be counted twice.
 */
export function inPlaceOfStandIn<T>(store: Store, declare: () => T): T {
  const made = declaredBy(store, declare)
  const directory = directoryOf(store)
  const beside = directory === undefined ? undefined : BY_DIRECTORY.get(directory)
  if (beside !== undefined && beside.store !== store) leave(beside, false)
  return made
}

function declaredBy<T>(store: Store, declare: () => T): T {
  try {
    return declare()
  } catch (error) {
    const inTheWay = BY_STORE.get(store)
    if (inTheWay === undefined || !isConflict(error)) throw error
    leave(inTheWay, true)
    return declare()
  }
}

function leave(who: StandIn, isInTheWay: boolean): void {
  const directory = directoryOf(who.store)
  BY_STORE.delete(who.store)
  if (directory !== undefined) BY_DIRECTORY.delete(directory)
  who.giveWay(isInTheWay)
}

/** True if a family is already declared with another definition, such as other labels. */
export function isConflict(error: unknown): boolean {
  return (error as Partial<PromherdError> | undefined)?.code === CONFLICT
}

const CONFLICT: ErrorCode = 'ERR_PROMHERD_FAMILY_CONFLICT'

function directoryOf({ paths }: Store): string | undefined {
  return paths === undefined ? undefined : dirname(paths.values)
}
