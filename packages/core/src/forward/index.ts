/** Sending the snapshots of a herd elsewhere: what sinks are made of. See docs/writing-a-sink.md. */
export { FORWARD_ERROR_CAUSES, type ForwardErrorCause } from '../metrics.ts'
export { type Check, checkOptions, isBoolean, isFunction, isOneOf, isText, type Shape } from '../options.ts'
export type { Exemplars, Family, Snapshot, SnapshotSource, SnapshotType } from '../snapshot/snapshot.ts'
export type { Exemplar } from '../store/exemplar.ts'
export { type Forwarding, type ForwardingOptions, startForwarding } from './forward.ts'
export { setOwnMetric } from './own-metrics.ts'
export { type Sink, SinkError, type SinkErrorOptions } from './sink.ts'
