import { availableParallelism } from 'node:os'
import { type Check, checkOptions, isFunction, isInteger, type Shape } from '../options.ts'
import {
  directoryFromEnvironment,
  numberFromEnvironment,
  resolveWhere,
  type ServeOptions,
  WHERE_SHAPE,
} from '../server/serve-herd.ts'

/** How a cluster is run. */
export interface ClusterOptions {
  /** How many workers. @default WEB_CONCURRENCY, else GUNICORN_WORKERS, else one for each CPU that may be used */
  readonly workers?: number | undefined
  /** Where the metrics are served and kept; false serves none, for those who run an exporter of their own. */
  readonly metrics?: ClusterMetricsOptions | false | undefined
  /**
   * How long a worker may take to answer what it has accepted, once it is told to end, in milliseconds. Then it is
   * killed. 0 kills it at once. @default 30_000
   */
  readonly drainTimeoutMs?: number | undefined
  /** Hears of workers that ended and of what goes wrong. @default a line on stderr */
  readonly onWarning?: ((message: string) => void) | undefined
}

/** The metrics port of a cluster. Without a directory a fresh one is made, and removed at exit. */
export type ClusterMetricsOptions = Pick<ServeOptions, 'port' | 'host' | 'directory'>

export interface ResolvedClusterOptions {
  readonly workers: number
  readonly metrics: { readonly port: number; readonly host: string } | undefined
  /** Undefined where the cluster is to make one. */
  readonly directory: string | undefined
  readonly drainTimeoutMs: number
  readonly onWarning: ((message: string) => void) | undefined
}

/**
 * Checks the options and completes them from the environment.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION
 */
export function resolveClusterOptions(options: ClusterOptions): ResolvedClusterOptions {
  checkOptions('startCluster', options, CLUSTER_SHAPE)
  const metrics = options.metrics === false ? undefined : (options.metrics ?? {})
  return {
    workers: options.workers ?? workersFromEnvironment() ?? availableParallelism(),
    metrics: metrics && resolveWhere(metrics),
    directory: metrics?.directory ?? directoryFromEnvironment(),
    drainTimeoutMs: options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS,
    onWarning: options.onWarning,
  }
}

const DRAIN_TIMEOUT_MS = 30_000

const isMetrics: Check = (name, value) => {
  if (value !== false) checkOptions(name, value as ClusterMetricsOptions, WHERE_SHAPE)
}

/** How each of the options is checked. */
export const CLUSTER_SHAPE: Shape<ClusterOptions> = {
  workers: isInteger(1, 1024, 'Give the number of processes to run, or leave it out for one per CPU.'),
  metrics: isMetrics,
  drainTimeoutMs: isInteger(0, 3_600_000, 'Give it in milliseconds.'),
  onWarning: isFunction('Give a function that takes the message.'),
}

function workersFromEnvironment(): number | undefined {
  for (const name of ['WEB_CONCURRENCY', 'GUNICORN_WORKERS']) {
    const workers = numberFromEnvironment(name, CLUSTER_SHAPE.workers)
    if (workers !== undefined) return workers
  }
  return undefined
}
