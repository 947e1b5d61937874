import type { ResourceLimits } from 'node:worker_threads'
import { type Check, checkOptions, isBoolean, type Shape } from '../base/check-options.ts'
import { promherdError } from '../base/errors.ts'
import {
  CLUSTER_SHAPE,
  type ClusterOptions,
  completed,
  isWorkers,
  type ResolvedClusterOptions,
} from '../cluster/options.ts'

/** The options of threads: those of a cluster, except for these. */
export interface ThreadsOptions extends Omit<ClusterOptions, 'workers'> {
  /** The number of threads. @default WEB_CONCURRENCY, else GUNICORN_WORKERS, else one for each CPU that may be used */
  readonly threads?: number | undefined
  /**
   * Whether the application listens on a port. If it does not, as in threads that compute, a thread is up when `entry`
   * has run. @default true
   */
  readonly waitForListen?: boolean | undefined
  /** The memory limits of each thread, as in `worker_threads`. @default Node's own limits */
  readonly resourceLimits?: ResourceLimits | undefined
}

/**
 * Checks the options and adds defaults from the environment.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION
 */
export function resolveThreadsOptions(options: ThreadsOptions): ResolvedClusterOptions {
  checkOptions('startThreads', options, THREADS_SHAPE)
  return completed({ ...options, workers: options.threads })
}

const LIMITS = ['maxOldGenerationSizeMb', 'maxYoungGenerationSizeMb', 'codeRangeSizeMb', 'stackSizeMb'] as const

const isLimit: Check = (name, value) => {
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, 'a number above 0', value, 'Give it in megabytes.')
}

const LIMITS_SHAPE = Object.fromEntries(LIMITS.map(name => [name, isLimit])) as Shape<ResourceLimits>

const { workers: _, ...SHARED } = CLUSTER_SHAPE

/** How each of the options is checked. */
export const THREADS_SHAPE: Shape<ThreadsOptions> = {
  ...SHARED,
  threads: isWorkers,
  waitForListen: isBoolean('Leave it out where the application listens.'),
  resourceLimits: (name, value) => checkOptions(name, value as ResourceLimits, LIMITS_SHAPE),
}
