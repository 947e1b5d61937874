/**
 * The closed sets of label values: all values that a label of promherd's own metrics can have. `npm run docs` writes them
 * into the page of the metrics.
 */

/** The kinds of garbage collection: see Node's `performanceEntry.detail`. A closed set. */
export const GARBAGE_KINDS = ['minor', 'major', 'incremental', 'weak_callbacks'] as const
export type GarbageKind = (typeof GARBAGE_KINDS)[number]

/** The causes of promherd's internal errors. A closed set, each served as zero from the start. */
export const INTERNAL_ERROR_CAUSES = [
  'store_unavailable',
  'store_full',
  'store_write',
  'callback',
  'prom_client',
  'retire',
  'family_conflict',
  'http',
  'instrument',
  'process_stats',
  'directory',
  'maintenance',
  'descriptors',
] as const
export type InternalErrorCause = (typeof INTERNAL_ERROR_CAUSES)[number]

/** The categories of failed requests: a closed set, see docs/metrics.md for the evidence behind each. */
export const ERROR_CATEGORIES = [
  'client_error',
  'validation',
  'auth',
  'not_found',
  'rate_limited',
  'payload',
  'timeout',
  'client_abort',
  'upstream',
  'overload',
  'exception',
  'server_error',
  'protocol',
] as const
export type ErrorCategory = (typeof ERROR_CATEGORIES)[number]

/** The kinds of exchanges that stay open after their response has begun. A closed set. */
export const STREAM_KINDS = ['sse', 'upgrade'] as const
export type StreamKind = (typeof STREAM_KINDS)[number]

/** The states of a store in the herd. */
export const STORE_STATES = ['live', 'retired', 'damaged', 'unknown_version'] as const
export type StoreState = (typeof STORE_STATES)[number]

/**
 * The place of a herd's stores: a given directory, one that promherd created (in shared memory or temporary), or only
 * memory.
 */
export const STORAGE_PLACES = ['given', 'shared_memory', 'temporary', 'memory'] as const
export type StoragePlace = (typeof STORAGE_PLACES)[number]

/** The reasons why a worker was restarted. A closed set. */
export const RESTART_REASONS = [
  'reload',
  'scale',
  'max_requests',
  'hung',
  'out_of_memory',
  'killed',
  'crash',
  'exit',
] as const
export type RestartReason = (typeof RESTART_REASONS)[number]

/** The causes of failed sends of a snapshot. A closed set. */
export const FORWARD_ERROR_CAUSES = [
  /** The destination could not be reached, or the connection broke. */
  'connection',
  /** It did not respond in time. */
  'timeout',
  /** It rejected the client's identity: a wrong password, a missing permission. */
  'auth',
  /** It is temporarily unavailable: overload, loading, a failover. */
  'unavailable',
  /** It does not accept writes at present. */
  'read_only',
  /** It is full. */
  'full',
  /** It rejected the data or a part of it. */
  'rejected',
  /** The data there was written by a version of promherd that this one does not know. */
  'incompatible',
  /** The snapshot could not be taken. */
  'snapshot',
  'other',
] as const
export type ForwardErrorCause = (typeof FORWARD_ERROR_CAUSES)[number]

/** The states of the instances of a group: sending, departed (their counts are kept), or unreadable. */
export const INSTANCE_STATES = ['live', 'departed', 'unreadable'] as const
export type InstanceState = (typeof INSTANCE_STATES)[number]

/** The reasons for cut connections: a worker exited after draining, or it was killed at the deadline. A closed set. */
export const CUT_REASONS = ['drain', 'deadline'] as const
export type CutReason = (typeof CUT_REASONS)[number]

/**
 * The signals that a primary handles, without SIG. USR1 only if an option enables it: Node's inspector uses that
 * signal.
 */
export const SIGNAL_NAMES = ['TERM', 'INT', 'QUIT', 'HUP', 'TTIN', 'TTOU', 'USR1', 'USR2'] as const
export type SignalName = (typeof SIGNAL_NAMES)[number]
