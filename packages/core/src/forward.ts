/** The building blocks of sinks, which send the snapshots of a herd elsewhere. See docs/writing-a-sink.md. */

export { type Check, checkOptions, isBoolean, isFunction, isOneOf, isString, type Shape } from './base/check-options.ts'
export { promherdError } from './base/errors.ts'
export { VERSION } from './base/version.ts'
export { Warner } from './base/warner.ts'
export { FORWARD_ERROR_CAUSES, type ForwardErrorCause } from './definitions/label-values.ts'
export { type Forwarding, type ForwardingOptions, startForwarding } from './forward/forward.ts'
export { setOwnMetric } from './forward/own-metrics.ts'
export { isSinkError, type Sink, SinkError, type SinkErrorOptions } from './forward/sink.ts'
export type { Exemplars, Family, Snapshot, SnapshotSource, SnapshotType } from './snapshot/snapshot.ts'
export { runCooperatively, type Task } from './snapshot/task.ts'
export type { Exemplar } from './store/exemplar.ts'
