import { FAMILIES } from '../definitions/metrics.ts'
import type { Store } from '../store/store.ts'

/**
 * Uncaught errors, counted when they end the process or reach a handler of last resort.
 *
 * Only `uncaughtExceptionMonitor` is used: unlike for the other two events, a listener changes neither the exit code
 * nor the output nor whether the process exits. It is emitted for a rejection only if the rejection is raised as an
 * exception; a process with its own `unhandledRejection` handler (or another `--unhandled-rejections` mode) has handled
 * it, so nothing is counted.
 */

/** The origin of an uncaught error, by Node's name for it. */
const ORIGINS: Readonly<Record<NodeJS.UncaughtExceptionOrigin, string>> = {
  uncaughtException: 'uncaught_exception',
  unhandledRejection: 'unhandled_rejection',
}

/** Counts the uncaught errors of this process or thread in `store`. Returns a function that stops it. */
export function countCrashes(store: Store): () => void {
  const family = store.family(FAMILIES.workerCrashes)
  for (const origin of Object.values(ORIGINS)) family.slot([origin])
  const count: Count = (_error, origin) => {
    const slot = family.slot([ORIGINS[origin] ?? ORIGINS.uncaughtException])
    family.storage.values[slot] = family.storage.values[slot]! + 1
    // There may be no later opportunity: a handler of the application may end the process by a signal.
    store.flush()
  }
  if (COUNTERS.size === 0) process.on('uncaughtExceptionMonitor', countAll)
  COUNTERS.add(count)
  return () => {
    COUNTERS.delete(count)
    if (COUNTERS.size === 0) process.off('uncaughtExceptionMonitor', countAll)
  }
}

type Count = (error: unknown, origin: NodeJS.UncaughtExceptionOrigin) => void

// One listener for all monitors of the process: Node warns of a leak if there are many.
const COUNTERS = new Set<Count>()

const countAll: Count = (error, origin) => {
  for (const count of COUNTERS) count(error, origin)
}
