import { availableParallelism } from 'node:os'
import { type Check, checkOptions, isBoolean, isFunction, isInteger, type Shape } from '../base/check-options.ts'
import { directoryFromEnvironment, sharedFromEnvironment } from '../base/directory-options.ts'
import { readVariable } from '../base/environment.ts'
import { promherdError } from '../base/errors.ts'
import { resolveWhere, type ServeOptions, WHERE_SHAPE, type Where } from '../server/serve-herd.ts'
import type { ClusterHooks } from './cluster.ts'

/** The options of a cluster. */
export interface ClusterOptions extends ClusterHooks {
  /** The number of workers. @default WEB_CONCURRENCY, else GUNICORN_WORKERS, else one for each CPU that may be used */
  readonly workers?: number | undefined
  /** Where the metrics are served and stored; false disables the metrics port, for users with their own exporter. */
  readonly metrics?: ClusterMetricsOptions | false | undefined
  /**
   * The time limit for a worker to end after it was asked to, in milliseconds: its program in its own way, or the
   * worker when it has answered all accepted requests. After that it is killed. 0 kills it at once. @default 30_000
   */
  readonly drainTimeoutMs?: number | undefined
  /**
   * The time limit for a new worker to listen, in milliseconds. After that, a worker that replaces another is ended,
   * and the old one stays; any other worker is given more time, and a warning is logged. @default 60_000
   */
  readonly startTimeoutMs?: number | undefined
  /**
   * How long the event loop of a running worker may be blocked, in milliseconds, before the worker is ended and
   * replaced. 0 disables this check; else at least 2000, since a worker writes a heartbeat each second. @default 30_000
   */
  readonly hangTimeoutMs?: number | undefined
  /** The number of HTTP/1 requests after which a worker is drained and replaced. 0 is no limit. @default 0 */
  readonly maxRequests?: number | undefined
  /** Maximum random number that is added to each worker's limit, so that not all end together. @default 0 */
  readonly maxRequestsJitter?: number | undefined
  /** Whether SIGUSR1 is counted and passed to `onSignal`. Node's inspector does not receive it then. @default false */
  readonly handleSigusr1?: boolean | undefined
  /** Called with warnings about workers that exited and about errors. @default a line on stderr */
  readonly onWarning?: ((message: string) => void) | undefined
}

/** The metrics port of a cluster. Without a directory a new one is created, and removed at exit. */
export type ClusterMetricsOptions = Pick<
  ServeOptions,
  'port' | 'host' | 'allowedHosts' | 'directory' | 'sharedDirectory'
>

export interface ResolvedClusterOptions {
  readonly workers: number
  readonly metrics: Where | undefined
  /** Undefined if the cluster must create one. */
  readonly directory: string | undefined
  readonly sharedDirectory: boolean
  readonly drainTimeoutMs: number
  readonly startTimeoutMs: number
  /** 0 if workers may hang. */
  readonly hangTimeoutMs: number
  readonly handleSigusr1: boolean
  /** Maximum time for which the first worker starts alone: until it listens. 0 starts all workers at once. */
  readonly leadMs: number
  /** How long the first worker stays alone after that, before the others start. */
  readonly settleMs: number
  readonly hooks: ClusterHooks
  readonly onWarning: ((message: string) => void) | undefined
}

/**
 * Checks the options and adds defaults from the environment.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION
 */
export function resolveClusterOptions(options: ClusterOptions): ResolvedClusterOptions {
  checkOptions('startCluster', options, CLUSTER_SHAPE)
  return completed(options)
}

/** Adds defaults to options that were checked. */
export function completed(options: ClusterOptions): ResolvedClusterOptions {
  const metrics = options.metrics === false ? undefined : (options.metrics ?? {})
  return {
    workers: options.workers ?? workersFromEnvironment() ?? availableParallelism(),
    metrics: metrics && resolveWhere(metrics),
    directory: metrics?.directory ?? directoryFromEnvironment(),
    sharedDirectory: metrics?.sharedDirectory ?? sharedFromEnvironment() ?? false,
    drainTimeoutMs: options.drainTimeoutMs ?? CLUSTER_DEFAULTS.drainTimeoutMs,
    startTimeoutMs: options.startTimeoutMs ?? CLUSTER_DEFAULTS.startTimeoutMs,
    hangTimeoutMs: options.hangTimeoutMs ?? CLUSTER_DEFAULTS.hangTimeoutMs,
    handleSigusr1: options.handleSigusr1 ?? false,
    leadMs: 0,
    settleMs: 0,
    hooks: options,
    onWarning: options.onWarning,
  }
}

/** The default values. */
export const CLUSTER_DEFAULTS = { drainTimeoutMs: 30_000, startTimeoutMs: 60_000, hangTimeoutMs: 30_000 } as const

/** Two heartbeats: with a lower value a healthy worker could seem to hang. */
const LEAST_HANG_TIMEOUT_MS = 2000

const isMetrics: Check = (name, value) => {
  if (value !== false) checkOptions(name, value as ClusterMetricsOptions, WHERE_SHAPE)
}

const isHangTimeout: Check = (name, value) => {
  const least = LEAST_HANG_TIMEOUT_MS
  if (value === 0 || (Number.isInteger(value) && (value as number) >= least && (value as number) <= MOST_MS)) return
  const expected = `0 or an integer from ${least} to ${MOST_MS}`
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, expected, value, 'Give it in milliseconds, or 0 for never.')
}

/** An hour. */
const MOST_MS = 3_600_000

/** Checks a number of workers. */
export const isWorkers: Check = isInteger(
  1,
  1024,
  'Give the number of workers to run, or leave it out for one per CPU.',
)

const isHook = isFunction('Give a function, or leave it out.')

/** How each of the options is checked. */
export const CLUSTER_SHAPE: Shape<ClusterOptions> = {
  workers: isWorkers,
  metrics: isMetrics,
  drainTimeoutMs: isInteger(0, MOST_MS, 'Give it in milliseconds.'),
  startTimeoutMs: isInteger(1, MOST_MS, 'Give it in milliseconds.'),
  hangTimeoutMs: isHangTimeout,
  maxRequests: isInteger(0, Number.MAX_SAFE_INTEGER, 'Give a number of requests, or 0 for no limit.'),
  maxRequestsJitter: isInteger(0, Number.MAX_SAFE_INTEGER, 'Give a number of requests.'),
  handleSigusr1: isBoolean('Leave it out to let the inspector have the signal.'),
  onStarting: isHook,
  onReady: isHook,
  onWorkerStart: isHook,
  onWorkerExit: isHook,
  onSignal: isHook,
  onExit: isHook,
  onWarning: isFunction('Give a function that takes the message.'),
}

function workersFromEnvironment(): number | undefined {
  for (const name of ['WEB_CONCURRENCY', 'GUNICORN_WORKERS'] as const) {
    const workers = readVariable(name, CLUSTER_SHAPE.workers)
    if (workers !== undefined) return workers
  }
  return undefined
}
