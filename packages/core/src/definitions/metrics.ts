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

function family(
  type: Definition['type'],
  name: string,
  help: string,
  labels: readonly string[] = [],
  aggregator: Aggregator = 'sum',
): Definition {
  return { name, type, help, labels, buckets: [], aggregator }
}

/** The labels of OpenTelemetry's HTTP metrics; a label that does not apply is empty, which Prometheus treats as no label. */
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
      'Time from the request to the last byte of its response, without streams and requests that Node rejected.',
      ['method', 'route', 'status_code'],
    ),
    buckets: DURATION_BUCKETS,
    countsInto: 'http_requests_total',
  },
  requests: family('counter', 'http_requests_total', 'Requests that have ended.', ['method', 'route', 'status_code']),
  requestErrors: family('counter', 'http_request_errors_total', 'Requests that failed, by category of the error.', [
    'method',
    'route',
    'category',
  ]),
  requestsInFlight: family('gauge', 'http_requests_in_flight', 'Requests in progress, without streams.'),
  streamsOpen: family(
    'gauge',
    'http_streams_open',
    'Open streams of events (sse) and upgraded connections (upgrade); counted as requests when they end.',
    ['kind'],
  ),
  // From here on: only if an option enables them.
  requestFirstByte: {
    ...family(
      'histogram',
      'http_request_first_byte_seconds',
      'Time from the request until the response headers are sent.',
      ['method', 'route', 'status_code'],
    ),
    buckets: DURATION_BUCKETS,
  },
  requestSize: {
    ...family('histogram', 'http_request_size_bytes', 'Sizes of request bodies, as transferred.', ['method', 'route']),
    buckets: SIZE_BUCKETS,
  },
  responseSize: {
    ...family('histogram', 'http_response_size_bytes', 'Sizes of response bodies, as transferred.', [
      'method',
      'route',
    ]),
    buckets: SIZE_BUCKETS,
  },
  serverDuration: otelHistogram(
    'http_server_request_duration_seconds',
    'Time from the request to the last byte of its response.',
    DURATION_BUCKETS,
  ),
  serverActive: family('gauge', 'http_server_active_requests', 'Requests in progress.', [
    'http_request_method',
    'url_scheme',
  ]),
  serverFirstByte: otelHistogram(
    'http_server_request_first_byte_seconds',
    'Time from the request until the response headers are sent.',
    DURATION_BUCKETS,
  ),
  serverRequestSize: otelHistogram(
    'http_server_request_body_size_bytes',
    'Sizes of request bodies, as transferred.',
    SIZE_BUCKETS,
  ),
  serverResponseSize: otelHistogram(
    'http_server_response_body_size_bytes',
    'Sizes of response bodies, as transferred.',
    SIZE_BUCKETS,
  ),
  // From here on: always.
  workerRequests: family(
    'counter',
    'promherd_worker_requests_total',
    'Requests that have ended in each worker.',
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
    'CPU seconds that each worker used per second since the previous sample.',
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
    'Maximum size of the JavaScript heap of each worker.',
    [],
    'worker',
  ),
  workerEventLoopUtilization: family(
    'gauge',
    'promherd_worker_event_loop_utilization_ratio',
    'Fraction of the time that the event loop of each worker was busy since the previous sample.',
    [],
    'worker',
  ),
  workerEventLoopDelay: {
    ...family(
      'histogram',
      'promherd_worker_event_loop_delay_seconds',
      'Delay of a due timer in each worker, sampled once a second.',
      [],
      'worker',
    ),
    buckets: LOOP_DELAY_BUCKETS,
  },
  workerGarbage: {
    ...family(
      'histogram',
      'promherd_worker_gc_duration_seconds',
      'Pauses of each worker for garbage collection, by kind of collection.',
      ['kind'],
      'worker',
    ),
    buckets: GARBAGE_BUCKETS,
  },
  workerCrashes: family(
    'counter',
    'promherd_worker_uncaught_errors_total',
    'Uncaught errors in each worker, by origin.',
    ['origin'],
    'worker',
  ),
  internalErrors: family(
    'counter',
    'promherd_internal_errors_total',
    'Internal errors of promherd; none affects a request.',
    ['cause'],
  ),
  seriesDropped: family(
    'counter',
    'promherd_series_dropped_total',
    'Recordings in the overflow series of a family that has reached its limit of series.',
    ['family'],
  ),
  // From here on: computed from the headers of the stores by the process that takes the snapshot.
  workerStartTime: family('gauge', 'promherd_worker_start_time_seconds', 'Start time of each worker, in Unix time.', [
    'worker',
  ]),
  workerUptime: family('gauge', 'promherd_worker_uptime_seconds', 'Time since each worker started.', ['worker']),
  workerHeartbeatAge: family(
    'gauge',
    'promherd_worker_heartbeat_age_seconds',
    'Time since the last heartbeat of the event loop of each worker: more than a few seconds means that it is blocked.',
    ['worker'],
  ),
  workerState: family('gauge', 'promherd_worker_state', '1 for the current state of each worker, 0 for the others.', [
    'worker',
    'state',
  ]),
  workerStateChanged: family(
    'gauge',
    'promherd_worker_state_change_timestamp_seconds',
    'Time of the last change of the state of each worker, in Unix time.',
    ['worker'],
  ),
  workerInfo: family('gauge', 'promherd_worker_info', 'Always 1: the process of each worker.', [
    'worker',
    'pid',
    'node_version',
  ]),
  workers: family('gauge', 'promherd_workers', 'Workers, by state.', ['state']),
  stores: family('gauge', 'promherd_stores', 'Stores in the directory, by state.', ['state']),
  storagePlace: family(
    'gauge',
    'promherd_storage_place',
    '1 for the place of the stores of the herd: a given directory, one in shared memory, a temporary one, or only memory.',
    ['place'],
  ),
  directoryIntact: family(
    'gauge',
    'promherd_directory_intact',
    '1 if the directory is the one that was opened and can be used, 0 if it was removed, replaced or is unusable.',
    [],
    'min',
  ),
  series: family('gauge', 'promherd_series', 'Series in the snapshot.'),
  scrapeDuration: family(
    'gauge',
    'promherd_scrape_duration_seconds',
    'Time that reading the stores for this snapshot took.',
    [],
    'max',
  ),
  buildInfo: family(
    'gauge',
    'promherd_build_info',
    'Always 1: the version of promherd that took this snapshot.',
    ['version'],
    'max',
  ),
  // From here on: reported by the primary of a cluster.
  workersTarget: family('gauge', 'promherd_workers_target', 'Number of workers that the primary should keep running.'),
  workersWithoutStore: family(
    'gauge',
    'promherd_workers_without_store',
    'Workers without a store in the directory: their counts are missing until they have one.',
  ),
  workerRestarts: family(
    'counter',
    'promherd_worker_restarts_total',
    'Restarts of workers, by the reason for which the previous process ended.',
    ['worker', 'reason'],
  ),
  // Counted when the stores of exited processes are retired, and initialised to zero by the primary.
  workerLostRequests: family(
    'counter',
    'promherd_worker_lost_requests_total',
    'Requests and streams that were open in a worker when it exited: they have no status and are counted in no other metric.',
    ['worker'],
  ),
  workerCutConnections: family(
    'counter',
    'promherd_worker_cut_connections_total',
    'Connections in use that were closed because their worker exited: after draining, or at the drain deadline.',
    ['worker', 'reason'],
  ),
  signals: family('counter', 'promherd_signals_total', 'Signals that the primary received.', ['signal']),
  // From here on: reported by a process that sends snapshots of its herd elsewhere.
  forwardLastSuccess: family(
    'gauge',
    'promherd_forward_last_success_timestamp_seconds',
    'Time of the last successful send of a snapshot, in Unix time.',
    ['sink'],
    'max',
  ),
  forwardErrors: family('counter', 'promherd_forward_errors_total', 'Snapshots that could not be sent, by cause.', [
    'sink',
    'cause',
  ]),
  forwardDuration: family(
    'gauge',
    'promherd_forward_duration_seconds',
    'Duration of the last send of a snapshot, successful or not.',
    ['sink'],
    'max',
  ),
  redisUp: family('gauge', 'promherd_redis_up', '1 if Redis responded to the last PING, else 0.', [], 'min'),
  // Reported by the endpoint of a group.
  groupInstances: family('gauge', 'promherd_group_instances', 'Instances of the group, by state.', ['state']),
}
