import type { IncomingMessage } from 'node:http'
import { type Check, checkOptions, isInteger, type Shape } from '../base/check-options.ts'
import { PromherdError } from '../base/errors.ts'
import { CLUSTER_SHAPE, type ClusterOptions, isWorkers } from '../cluster/options.ts'
import { HTTP_SHAPE, type HttpOptions } from '../http/options/http-options.ts'
import { MONITOR_SHAPE, type MonitorOptions } from '../monitor/monitor-options.ts'
import { REDIS_SHAPE, type RedisConfig } from './redis-config.ts'

/**
 * The schema of the configuration: everything that can be set without code, in a file, in the environment or on the
 * command line. It consists of the options of the individual parts, and uses their checks.
 */
export interface PromherdConfig
  extends Omit<ClusterOptions, 'workers'>,
    Pick<MonitorOptions, 'storage' | 'promClient' | 'onWarning'> {
  /** The number of worker processes; `max` is one for each available CPU. @default 'max' */
  readonly workers?: number | 'max' | undefined
  /** The number of threads of one process that serve, instead of worker processes. @default none: processes serve */
  readonly threads?: number | undefined
  /** How requests are recorded unless the application's code sets it. @default as the options of HTTP */
  readonly http?: HttpOptions<IncomingMessage> | undefined
  /** Whether and where the metrics are sent to Redis. @default nowhere */
  readonly redis?: RedisConfig | undefined
}

const isWorkersOrMax: Check = (name, value) => {
  if (value !== 'max') isWorkers(name, value)
}

const isRedis: Check = (name, value) => checkOptions(name, value as RedisConfig, REDIS_SHAPE)

const isHttp: Check = (name, value) => checkOptions(name, value as HttpOptions, HTTP_SHAPE)

/** The check of each key of the configuration. */
export const CONFIG_SHAPE: Shape<PromherdConfig> = {
  ...CLUSTER_SHAPE,
  workers: isWorkersOrMax,
  threads: isInteger(1, 1024, 'Give the number of threads to run, or leave it out for processes.'),
  storage: MONITOR_SHAPE.storage,
  promClient: MONITOR_SHAPE.promClient,
  http: isHttp,
  redis: isRedis,
}

/** The keys whose values are groups of keys, which are overridden individually. */
export const GROUPS = ['metrics', 'http', 'redis'] as const

/** Returns the configuration unchanged: for a file, so that an editor knows its keys. */
export function defineConfig(config: PromherdConfig): PromherdConfig {
  return config
}

/**
 * Throws the first error in the configuration of `file`; the error names the file, the key, the expected and the given
 * value.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_BAD_BUCKETS and other errors of options
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
