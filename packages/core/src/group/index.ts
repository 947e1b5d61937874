/** The herds of many hosts: how their snapshots are written to an engine, read from it and added up. Internal to promherd. */

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
