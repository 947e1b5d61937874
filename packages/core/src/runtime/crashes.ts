import { FAMILIES } from '../metrics.ts'
import type { Store } from '../store/store.ts'

/**
 * Errors that nobody caught, counted as they end the process or reach a handler of last resort.
 *
 * Only `uncaughtExceptionMonitor` is listened to: unlike the other two events, a listener of it changes neither the
 * exit code nor what is printed nor whether the process ends. It is told of a rejection only where that is raised as
 * an exception; a process with its own `unhandledRejection` handler (or another `--unhandled-rejections` mode) has
 * caught it, so nothing is counted.
 */

/** Where an error came from that nobody caught, by the name that Node gives to it. */
const ORIGINS: Readonly<Record<NodeJS.UncaughtExceptionOrigin, string>> = {
  uncaughtException: 'uncaught_exception',
  unhandledRejection: 'unhandled_rejection',
}

/** Counts the uncaught errors of this process or thread into `store`. Answers how to stop. */
export function countCrashes(store: Store): () => void {
  const family = store.family(FAMILIES.workerCrashes)
  for (const origin of Object.values(ORIGINS)) family.slot([origin])
  const count: Count = (_error, origin) => {
    const slot = family.slot([ORIGINS[origin] ?? ORIGINS.uncaughtException])
    family.slab.values[slot] = family.slab.values[slot]! + 1
    // There may be no later moment: a handler of the user's may leave by a signal.
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

// One listener for all monitors of the process: Node warns of a leak when there are many.
const COUNTERS = new Set<Count>()

const countAll: Count = (error, origin) => {
  for (const count of COUNTERS) count(error, origin)
}
