import { dirname } from 'node:path'
import type { ErrorCode, PromherdError } from '../base/errors.ts'
import { shared } from '../base/shared.ts'
import type { Store } from '../store/store.ts'
import { openExchanges } from './exchange/connection.ts'
import type { ExchangeOwner } from './exchange/exchange-owner.ts'

/**
 * Fallback recorders, created before it is known whether the application records itself. Recorders that the application
 * creates take precedence: a fallback yields to them.
 */

// One for each store, and one for each directory, which several stores of this process may share.
const BY_STORE = shared('fallbacks by store', () => new WeakMap<Store, ExchangeOwner>())
const BY_DIRECTORY = shared('fallbacks by directory', () => new Map<string, ExchangeOwner>())

/** Makes `owner` the fallback of its store and of the directory of its store. */
export function registerFallback(owner: ExchangeOwner): void {
  BY_STORE.set(owner.store, owner)
  const directory = directoryOf(owner.store)
  if (directory !== undefined) BY_DIRECTORY.set(directory, owner)
}

/**
 * Returns the result of `declare` for `store`. A fallback of the store yields if its declarations conflict with it. A
 * fallback that records into another store of the same directory also yields: everything would be counted twice.
 */
export function yieldTo<T>(store: Store, declare: () => T): T {
  const declared = declaredIn(store, declare)
  const directory = directoryOf(store)
  const beside = directory === undefined ? undefined : BY_DIRECTORY.get(directory)
  if (beside !== undefined && beside.store !== store) stop(beside, false)
  return declared
}

function declaredIn<T>(store: Store, declare: () => T): T {
  try {
    return declare()
  } catch (error) {
    const fallback = BY_STORE.get(store)
    if (fallback === undefined || !isConflict(error)) throw error
    stop(fallback, true)
    return declare()
  }
}

/**
 * Leaves all recording to the recorders that the application has created, including the open exchanges. Families that
 * are declared differently are withdrawn.
 */
function stop(fallback: ExchangeOwner, isConflicting: boolean): void {
  const directory = directoryOf(fallback.store)
  BY_STORE.delete(fallback.store)
  if (directory !== undefined) BY_DIRECTORY.delete(directory)
  if (fallback.hasYielded) return
  fallback.hasYielded = true
  for (const stopWatching of fallback.stops) stopWatching()
  for (const exchange of openExchanges(fallback.store)) {
    if (exchange.owner === fallback) fallback.series.close(exchange)
  }
  if (isConflicting) fallback.series.withdraw()
  fallback.onYield?.()
}

/** True if a family is already declared with another definition, such as other labels. */
export function isConflict(error: unknown): boolean {
  return (error as Partial<PromherdError> | undefined)?.code === CONFLICT
}

const CONFLICT: ErrorCode = 'ERR_PROMHERD_FAMILY_CONFLICT'

function directoryOf({ paths }: Store): string | undefined {
  return paths === undefined ? undefined : dirname(paths.values)
}
