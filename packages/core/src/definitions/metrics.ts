import type { Aggregator, Definition } from './definition.ts'

/**
 * Every metric that promherd exports, in one table: the page in docs/ is generated from it, and each family is created
 * from its entry here. Names and units follow https://prometheus.io/docs/practices/naming/.
 */

/**
 * The upper bounds that OpenTelemetry recommends for HTTP durations, in seconds (semantic conventions, http-metrics).
 */
export const DURATION_BUCKETS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]

/** The upper bounds for body sizes, in bytes: one bucket per power of ten, from 100 B to 100 MB. */
const SIZE_BUCKETS: readonly number[] = [100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]

/**
 * The upper bounds for the delay of an event loop, in seconds. Below the first, the millisecond resolution of the event
 * loop's clock dominates any load; above the last, the heartbeat shows the worker as hung.
 */
const LOOP_DELAY_BUCKETS: readonly number[] = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/**
 * The upper bounds for pauses of garbage collection, in seconds: collections of the young generation take from some
 * tenths of a millisecond to some milliseconds, a full collection of a large heap up to a second.
 */
const GARBAGE_BUCKETS: readonly number[] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]

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

function family(
  type: Definition['type'],
  name: string,
  help: string,
  labels: readonly string[] = [],
  aggregator: Aggregator = 'sum',
): Definition {
  return { name, type, help, labels, buckets: [], aggregator }
}

/** The labels of OpenTelemetry's HTTP metrics; a label that does not apply is empty, which is the same as absent. */
const OTEL_LABELS = [
  'http_request_method',
  'url_scheme',
  'error_type',
  'http_response_status_code',
  'http_route',
  'network_protocol_version',
]

function otelHistogram(name: string, help: string, buckets: readonly number[]): Definition {
  return { ...family('histogram', name, help, OTEL_LABELS), buckets }
}

/** The names of promherd's own families in the code. */
type FamilyKey =
  | 'requestDuration'
  | 'requests'
  | 'requestErrors'
  | 'requestsInFlight'
  | 'requestFirstByte'
  | 'requestSize'
  | 'responseSize'
  | 'serverDuration'
  | 'serverActive'
  | 'serverFirstByte'
  | 'serverRequestSize'
  | 'serverResponseSize'
  | 'streamsOpen'
  | 'workerRequests'
  | 'workerCpu'
  | 'workerCpuUtilization'
  | 'workerResidentMemory'
  | 'workerHeapUsed'
  | 'workerHeapLimit'
  | 'workerEventLoopUtilization'
  | 'workerEventLoopDelay'
  | 'workerGarbage'
  | 'workerCrashes'
  | 'internalErrors'
  | 'seriesDropped'
  | 'workerStartTime'
  | 'workerUptime'
  | 'workerHeartbeatAge'
  | 'workerState'
  | 'workerStateChanged'
  | 'workerInfo'
  | 'workers'
  | 'stores'
  | 'series'
  | 'storagePlace'
  | 'directoryIntact'
  | 'workersWithoutStore'
  | 'scrapeDuration'
  | 'buildInfo'
  | 'workersTarget'
  | 'workerRestarts'
  | 'workerLostRequests'
  | 'workerCutConnections'
  | 'signals'
  | 'forwardLastSuccess'
  | 'forwardErrors'
  | 'forwardDuration'
  | 'redisUp'
  | 'groupInstances'

export const FAMILIES: Readonly<Record<FamilyKey, Definition>> = {
  requestDuration: {
    ...family(
      'histogram',
      'http_request_duration_seconds',
      'Time from the request to the last byte of its response, without streams and what Node refused.',
      ['method', 'route', 'status_code'],
    ),
    buckets: DURATION_BUCKETS,
    countsInto: 'http_requests_total',
  },
  requests: family('counter', 'http_requests_total', 'Requests that have ended.', ['method', 'route', 'status_code']),
  requestErrors: family('counter', 'http_request_errors_total', 'Requests that ended badly, by what went wrong.', [
    'method',
    'route',
    'category',
  ]),
  requestsInFlight: family(
    'gauge',
    'http_requests_in_flight',
    'Requests that have begun and not ended, without streams.',
  ),
  streamsOpen: family(
    'gauge',
    'http_streams_open',
    'Streams of events (sse) and connections that left HTTP (upgrade); counted as requests when they end.',
    ['kind'],
  ),
  // From here on: only if an option enables them.
  requestFirstByte: {
    ...family(
      'histogram',
      'http_request_first_byte_seconds',
      'Time from the request to the head of its response leaving.',
      ['method', 'route', 'status_code'],
    ),
    buckets: DURATION_BUCKETS,
  },
  requestSize: {
    ...family('histogram', 'http_request_size_bytes', 'Bodies of requests, as transferred.', ['method', 'route']),
    buckets: SIZE_BUCKETS,
  },
  responseSize: {
    ...family('histogram', 'http_response_size_bytes', 'Bodies of responses, as transferred.', ['method', 'route']),
    buckets: SIZE_BUCKETS,
  },
  serverDuration: otelHistogram(
    'http_server_request_duration_seconds',
    'Time from the request to the last byte of its response.',
    DURATION_BUCKETS,
  ),
  serverActive: family('gauge', 'http_server_active_requests', 'Requests that have begun and not ended.', [
    'http_request_method',
    'url_scheme',
  ]),
  serverFirstByte: otelHistogram(
    'http_server_request_first_byte_seconds',
    'Time from the request to the head of its response leaving.',
    DURATION_BUCKETS,
  ),
  serverRequestSize: otelHistogram(
    'http_server_request_body_size_bytes',
    'Bodies of requests, as transferred.',
    SIZE_BUCKETS,
  ),
  serverResponseSize: otelHistogram(
    'http_server_response_body_size_bytes',
    'Bodies of responses, as transferred.',
    SIZE_BUCKETS,
  ),
  // From here on: always.
  workerRequests: family(
    'counter',
    'promherd_worker_requests_total',
    'Requests that ended in each worker.',
    [],
    'worker',
  ),
  // A running worker reports it each second, and the primary of a cluster samples it, too. What a process had not
  // reported when it exited is added when its store is retired, so that all readers agree.
  workerCpu: family(
    'counter',
    'promherd_worker_cpu_seconds_total',
    'CPU time, user and system, that the operating system has counted for all processes of each worker.',
    [],
    'worker',
  ),
  workerCpuUtilization: family(
    'gauge',
    'promherd_worker_cpu_utilization_ratio',
    'CPU seconds of each worker for each second, since the sample before.',
    [],
    'worker',
  ),
  workerResidentMemory: family(
    'gauge',
    'promherd_worker_resident_memory_bytes',
    'Resident memory of each worker.',
    [],
    'worker',
  ),
  workerHeapUsed: family(
    'gauge',
    'promherd_worker_heap_used_bytes',
    'JavaScript heap in use in each worker.',
    [],
    'worker',
  ),
  workerHeapLimit: family(
    'gauge',
    'promherd_worker_heap_limit_bytes',
    'Most that the JavaScript heap may grow to.',
    [],
    'worker',
  ),
  workerEventLoopUtilization: family(
    'gauge',
    'promherd_worker_event_loop_utilization_ratio',
    'Share of the time in which the event loop was busy, since the sample before.',
    [],
    'worker',
  ),
  workerEventLoopDelay: {
    ...family(
      'histogram',
      'promherd_worker_event_loop_delay_seconds',
      'How long a timer that is due waits in each worker, sampled once a second.',
      [],
      'worker',
    ),
    buckets: LOOP_DELAY_BUCKETS,
  },
  workerGarbage: {
    ...family(
      'histogram',
      'promherd_worker_gc_duration_seconds',
      'How long collecting garbage held up each worker, by kind of collection.',
      ['kind'],
      'worker',
    ),
    buckets: GARBAGE_BUCKETS,
  },
  workerCrashes: family(
    'counter',
    'promherd_worker_uncaught_errors_total',
    'Errors that nobody caught in each worker, by how they came up.',
    ['origin'],
    'worker',
  ),
  internalErrors: family(
    'counter',
    'promherd_internal_errors_total',
    "Failures of promherd's own; none reaches a request.",
    ['cause'],
  ),
  seriesDropped: family(
    'counter',
    'promherd_series_dropped_total',
    'Recordings that went to the overflow series of a full family.',
    ['family'],
  ),
  // From here on: computed from the headers of the stores by the process that takes the snapshot.
  workerStartTime: family('gauge', 'promherd_worker_start_time_seconds', 'When each worker started, in unix time.', [
    'worker',
  ]),
  workerUptime: family('gauge', 'promherd_worker_uptime_seconds', 'How long each worker has been running.', ['worker']),
  workerHeartbeatAge: family(
    'gauge',
    'promherd_worker_heartbeat_age_seconds',
    'Time since the event loop of each worker last turned for promherd: more than a few seconds is a hang.',
    ['worker'],
  ),
  workerState: family('gauge', 'promherd_worker_state', '1 for the state that each worker is in, 0 for the others.', [
    'worker',
    'state',
  ]),
  workerStateChanged: family(
    'gauge',
    'promherd_worker_state_change_timestamp_seconds',
    'When the state of each worker last changed, in unix time.',
    ['worker'],
  ),
  workerInfo: family('gauge', 'promherd_worker_info', 'Always 1: the process behind each worker.', [
    'worker',
    'pid',
    'node_version',
  ]),
  workers: family('gauge', 'promherd_workers', 'Workers, by what they are doing.', ['state']),
  stores: family('gauge', 'promherd_stores', 'Stores in the directory, by what the herd made of them.', ['state']),
  storagePlace: family(
    'gauge',
    'promherd_storage_place',
    '1 for where the stores of the herd are: a given directory, one in shared memory, a temporary one, or memory alone.',
    ['place'],
  ),
  directoryIntact: family(
    'gauge',
    'promherd_directory_intact',
    '1 where the directory is the one that was opened and can be used, 0 where it is gone, replaced or unusable.',
    [],
    'min',
  ),
  series: family('gauge', 'promherd_series', 'Series in the snapshot.'),
  scrapeDuration: family(
    'gauge',
    'promherd_scrape_duration_seconds',
    'Time it took to read the stores for this snapshot.',
    [],
    'max',
  ),
  buildInfo: family(
    'gauge',
    'promherd_build_info',
    'Always 1: the promherd that took this snapshot.',
    ['version'],
    'max',
  ),
  // From here on: reported by the primary of a cluster.
  workersTarget: family('gauge', 'promherd_workers_target', 'Workers that the primary wants to run.'),
  workersWithoutStore: family(
    'gauge',
    'promherd_workers_without_store',
    'Workers that found no room for a store: what they count is missing until they have one.',
  ),
  workerRestarts: family(
    'counter',
    'promherd_worker_restarts_total',
    'Workers that were started again, by why the one before them ended.',
    ['worker', 'reason'],
  ),
  // Counted when the stores of exited processes are retired, and initialised to zero by the primary.
  workerLostRequests: family(
    'counter',
    'promherd_worker_lost_requests_total',
    'Requests and streams that were open in a worker when it died: they have no status, and are counted nowhere else.',
    ['worker'],
  ),
  workerCutConnections: family(
    'counter',
    'promherd_worker_cut_connections_total',
    'Connections in use that promherd ended with their worker: when it had drained, or at the drain deadline.',
    ['worker', 'reason'],
  ),
  signals: family('counter', 'promherd_signals_total', 'Signals that the primary was sent.', ['signal']),
  // From here on: reported by a process that sends snapshots of its herd elsewhere.
  forwardLastSuccess: family(
    'gauge',
    'promherd_forward_last_success_timestamp_seconds',
    'When a snapshot of the herd was last sent successfully, in unix time.',
    ['sink'],
    'max',
  ),
  forwardErrors: family(
    'counter',
    'promherd_forward_errors_total',
    'Snapshots of the herd that could not be sent, by why.',
    ['sink', 'cause'],
  ),
  forwardDuration: family(
    'gauge',
    'promherd_forward_duration_seconds',
    'Time it took to send the last snapshot, failed ones included.',
    ['sink'],
    'max',
  ),
  redisUp: family('gauge', 'promherd_redis_up', '1 where Redis responded to the last PING, else 0.', [], 'min'),
  // Reported by the endpoint of a group.
  groupInstances: family('gauge', 'promherd_group_instances', 'Instances of the group, by what is known of them.', [
    'state',
  ]),
}
