import { FAMILIES } from '../definitions/metrics.ts'
import { herdOfProcess, type ProcessHerd } from '../herd/process-herd.ts'
import { defaultMonitor, hasDefaultMonitor } from '../monitor/default-monitor.ts'
import { internalsOf } from '../monitor/internals.ts'
import type { Monitor } from '../monitor/monitor.ts'
import type { Store } from '../store/store.ts'

/**
 * The herd that this process can send: as its primary or exporter, or what it records itself. Undefined if there is
 * none.
 */
export function sentHerd(): ProcessHerd | undefined {
  return herdOfProcess() ?? (hasDefaultMonitor() ? herdOf(defaultMonitor()) : undefined)
}

/** What `monitor` can send: its store and its snapshots. */
function herdOf(monitor: Monitor): ProcessHerd {
  return { snapshot: () => monitor.snapshot(), store: internalsOf(monitor).store }
}

/** The self metrics that sinks and the forwarder report. */
type OwnMetric = 'forwardLastSuccess' | 'forwardErrors' | 'forwardDuration' | 'redisUp'

/** Sets a self metric in the output of the herd of this process. */
export function setOwnMetric(metric: OwnMetric, labels: readonly string[], value: number): void {
  const store = sentHerd()?.store
  if (store !== undefined) write(store, metric, labels, () => value)
}

/** Adds to a self metric in the output of the herd of this process; adding 0 makes it appear. */
export function addToOwnMetric(metric: OwnMetric, labels: readonly string[], amount: number): void {
  const store = sentHerd()?.store
  if (store !== undefined) write(store, metric, labels, known => known + amount)
}

function write(store: Store, metric: OwnMetric, labels: readonly string[], next: (known: number) => number): void {
  const family = store.family(FAMILIES[metric])
  const slot = family.slot(labels)
  family.storage.values[slot] = next(family.storage.values[slot]!)
}
