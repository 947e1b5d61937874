import type { IncomingMessage } from 'node:http'
import { CLUSTER_SHAPE, type ClusterOptions, isWorkers } from '../cluster/options.ts'
import { PromherdError } from '../errors.ts'
import { HTTP_SHAPE, type HttpOptions } from '../http/http-options.ts'
import { MONITOR_SHAPE, type MonitorOptions } from '../monitor-options.ts'
import { type Check, checkOptions, isInteger, type Shape } from '../options.ts'
import { REDIS_SHAPE, type RedisConfig } from './redis-config.ts'

/**
 * The one schema of the configuration: what can be said without a line of code, in a file, in the environment or on
 * the command line. It is made of the options that the parts take, and checked by their checks.
 */
export interface PromherdConfig
  extends Omit<ClusterOptions, 'workers'>,
    Pick<MonitorOptions, 'slab' | 'promClient' | 'onWarning'> {
  /** How many worker processes; `max` is one for each CPU that may be used. @default 'max' */
  readonly workers?: number | 'max' | undefined
  /** How many threads of one process serve, instead of worker processes. @default none: processes serve */
  readonly threads?: number | undefined
  /** How requests are recorded where no line of the application says so. @default as the options of HTTP */
  readonly http?: HttpOptions<IncomingMessage> | undefined
  /** Whether and where the metrics are sent to Redis. @default nowhere */
  readonly redis?: RedisConfig | undefined
}

const isWorkersOrMax: Check = (name, value) => {
  if (value !== 'max') isWorkers(name, value)
}

const isRedis: Check = (name, value) => checkOptions(name, value as RedisConfig, REDIS_SHAPE)

const isHttp: Check = (name, value) => checkOptions(name, value as HttpOptions, HTTP_SHAPE)

/** How each key of the configuration is checked. */
export const CONFIG_SHAPE: Shape<PromherdConfig> = {
  ...CLUSTER_SHAPE,
  workers: isWorkersOrMax,
  threads: isInteger(1, 1024, 'Give the number of threads to run, or leave it out for processes.'),
  slab: MONITOR_SHAPE.slab,
  promClient: MONITOR_SHAPE.promClient,
  http: isHttp,
  redis: isRedis,
}

/** The keys whose values are groups of keys, which are overridden one by one. */
export const GROUPS = ['metrics', 'http', 'redis'] as const

/** Answers the configuration as it is: for a file, so that an editor knows its keys. */
export function defineConfig(config: PromherdConfig): PromherdConfig {
  return config
}

/**
 * Throws the first thing that is wrong with what `file` says; the error names the file, the key, what was expected and
 * what was given.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_BAD_BUCKETS and what else options throw
 */
export function checkConfig(file: string, config: unknown): asserts config is PromherdConfig {
  const where = 'the configuration'
  const checks = Object.entries(CONFIG_SHAPE).map(([key, check]) => [
    key,
    (_: string, value: unknown) => check(key, value),
  ])
  try {
    checkOptions(where, config as PromherdConfig, Object.fromEntries(checks) as Shape<PromherdConfig>)
  } catch (error) {
    if (!(error instanceof PromherdError)) throw error
    throw new PromherdError(error.code, `In ${file}: ${error.message}`, { cause: error })
  }
}
