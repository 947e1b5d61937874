import { createMonitor, type Monitor } from './monitor.ts'

/** The monitor that all adapters of this process share unless they are given another; created at the first use. */
export function defaultMonitor(): Monitor {
  if (HOLDER[DEFAULT] === undefined) offerDefaultMonitor(createMonitor())
  return HOLDER[DEFAULT]!()
}

/** Whether this process has such a monitor already. */
export function hasDefaultMonitor(): boolean {
  return HOLDER[DEFAULT] !== undefined
}

/** Makes `monitor` the default monitor, unless this process has one already. */
export function offerDefaultMonitor(monitor: Monitor): void {
  HOLDER[DEFAULT] ??= () => monitor
}

// Found through the global symbol registry, so that two copies of this package share it even if their versions differ.
const DEFAULT = Symbol.for('promherd.monitor.v1')
// A function, because Jest removes the properties of all objects on `globalThis` at the end of a test file.
const HOLDER = globalThis as { [DEFAULT]?: () => Monitor }
