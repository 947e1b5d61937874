/**
 * The herds of many hosts: writes their snapshots to an engine, reads them from it and adds them up. Internal to
 * promherd.
 */

export {
  type Check,
  checkOptions,
  isBoolean,
  isFunction,
  isInteger,
  isOneOf,
  isString,
  type Shape as OptionsShape,
} from './base/check-options.ts'
export { promherdError } from './base/errors.ts'
export { waitAtMost } from './base/wait-at-most.ts'
export { Warner } from './base/warner.ts'
export type { InstanceState } from './definitions/label-values.ts'
export { FAMILIES } from './definitions/metrics.ts'
export { Group } from './group/group.ts'
export { type Baseline, HerdLog, type LogEntry } from './group/herd-log.ts'
export { InstanceRun, type Push, type RunFacts } from './group/instance-run.ts'
export type { Aggregate } from './group/shape.ts'
export { foldInto, type StoredTotals } from './group/totals.ts'
export { MetricsServer } from './server/metrics-server.ts'
export { resolveWhere, type ServeOptions, WHERE_SHAPE } from './server/serve-herd.ts'
export { Sequence } from './snapshot/sequence.ts'
export { runCooperatively } from './snapshot/task.ts'
export type { Store } from './store/store.ts'
