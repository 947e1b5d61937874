/**
 * The herds of many hosts: writes their snapshots to an engine, reads them from it and adds them up. Internal to
 * promherd.
 */

export { promherdError } from '../errors.ts'
export { FAMILIES, type InstanceState } from '../metrics.ts'
export {
  type Check,
  checkOptions,
  isBoolean,
  isFunction,
  isInteger,
  isOneOf,
  isText,
  type Shape as OptionsShape,
} from '../options.ts'
export { MetricsServer } from '../server/metrics-server.ts'
export { resolveWhere, type ServeOptions, WHERE_SHAPE } from '../server/serve-herd.ts'
export { Warner } from '../server/warner.ts'
export { Sequence } from '../snapshot/sequence.ts'
export { inTurns } from '../snapshot/steps.ts'
export type { Store } from '../store/store.ts'
export { within } from '../within.ts'
export { Group } from './group.ts'
export { type Baseline, HerdLog, type LogEntry } from './herd-log.ts'
export { Life, type LifeFacts, type Push } from './life.ts'
export type { Aggregate } from './shape.ts'
export { foldInto, type StoredTotals } from './totals.ts'
