import { hostname } from 'node:os'
import { type Forwarding, startForwarding } from '@promherd/core/forward'
import { type Check, checkOptions, isFunction, isString, type OptionsShape, promherdError } from '@promherd/core/group'
import type { RedisTarget } from './connection/target.ts'
import { RedisSink } from './redis-sink.ts'

/** How the metrics of a herd are sent to Redis. */
export interface ForwardOptions {
  /**
   * The Redis server: a URL (`redis:` or, with TLS, `rediss:`), options of ioredis, `{ nodes, options }` of a Redis
   * Cluster, or a client of ioredis.
   */
  readonly redis: RedisTarget
  /** The hosts whose metrics belong together: the name of the service. @default 'default' */
  readonly group?: string | undefined
  /** The name of this host in the group. @default the name of the host */
  readonly instance?: string | undefined
  /** The prefix of all key names. @default 'promherd' */
  readonly prefix?: string | undefined
  /** How often the metrics are sent, in seconds. @default 10 */
  readonly interval?: number | undefined
  /**
   * How many seconds after its last push this host still counts as running; at least twice the interval. @default 60,
   * or 3 times the interval if that is more
   */
  readonly ttl?: number | undefined
  /** How many seconds the counts of a departed host are kept for exporters that add them up. @default 86_400 */
  readonly keep?: number | undefined
  /** How long sending may take, in seconds. @default 10 */
  readonly timeout?: number | undefined
  /** Called with warnings. @default a line on stderr */
  readonly onWarning?: ((message: string) => void) | undefined
}

/**
 * Sends the metrics of the herd of this process to Redis, where `serveGroup` and `promherd exporter --redis` read them.
 * For the primary of a cluster, or a program of one process; in a worker it does nothing.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION
 */
export function forward(options: ForwardOptions): Forwarding {
  checkOptions('forward', options, FORWARD_SHAPE)
  const { interval = DEFAULT_INTERVAL, timeout, onWarning } = options
  const ttl = options.ttl ?? Math.max(DEFAULT_TTL, 3 * interval)
  if (ttl < 2 * interval) {
    const remedy = 'Otherwise one late push would make this host count as departed.'
    throw promherdError('ERR_PROMHERD_BAD_OPTION', 'forward.ttl', 'at least twice the interval', ttl, remedy)
  }
  const makeSink = (): RedisSink =>
    new RedisSink({
      redis: options.redis,
      prefix: options.prefix ?? DEFAULT_PREFIX,
      group: options.group ?? DEFAULT_GROUP,
      instance: options.instance ?? hostname(),
      ttlMs: Math.round(ttl * 1000),
      keepMs: Math.round(Math.max(ttl, options.keep ?? DEFAULT_KEEP) * 1000),
    })
  return startForwarding(makeSink, { interval, timeout, onWarning })
}

export const DEFAULT_PREFIX = 'promherd'
export const DEFAULT_GROUP = 'default'
const DEFAULT_INTERVAL = 10
const DEFAULT_TTL = 60
const DEFAULT_KEEP = 86_400

export const isRedis: Check = (name, value) => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  if (typeof value === 'string' && /^rediss?:\/\//.test(value)) return
  const expected = 'a URL that begins with redis:// or rediss://, options of ioredis, or a client of it'
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, expected, value, 'Such as redis://127.0.0.1:6379.')
}

export const isSeconds: Check = (name, value) => {
  if (typeof value === 'number' && value > 0 && value <= 31_536_000) return
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, 'a number of seconds above 0', value, 'Give it in seconds.')
}

/** How each of the options is checked. */
export const FORWARD_SHAPE: OptionsShape<ForwardOptions> = {
  redis: isRedis,
  group: isString('Give the name of the service.'),
  instance: isString('Give a name that no other host of the group has.'),
  prefix: isString('Give what the names of the keys begin with.'),
  interval: isSeconds,
  ttl: isSeconds,
  keep: isSeconds,
  timeout: isSeconds,
  onWarning: isFunction('Give a function that takes the message.'),
}
