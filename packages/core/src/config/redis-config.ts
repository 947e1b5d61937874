import { type Check, isBoolean, isInteger, isString, type Shape } from '../base/check-options.ts'
import { promherdError } from '../base/errors.ts'

/** Whether and where the metrics of a herd are sent to Redis, and which group an exporter reads there. */
export interface RedisConfig {
  /** Whether the metrics are sent to Redis. @default true if `url` is given, else false */
  readonly enabled?: boolean | undefined
  /** The URL of Redis, such as `rediss://user:password@redis.example.org:6379/0`; instead of the five keys below. */
  readonly url?: string | undefined
  /** @default 127.0.0.1 */
  readonly host?: string | undefined
  /** @default 6379 */
  readonly port?: number | undefined
  /** @default 0 */
  readonly db?: number | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** The prefix of all Redis keys. @default 'promherd' */
  readonly keyPrefix?: string | undefined
  /** The name of the service, the same on all its hosts. @default 'default' */
  readonly group?: string | undefined
  /** The name of this host in the group. @default the host name */
  readonly instance?: string | undefined
  /** The interval between sends, in seconds. @default 10 */
  readonly interval?: number | undefined
  /** The number of seconds after its last send for which a host counts as running. @default 60 */
  readonly ttl?: number | undefined
}

const isUrl: Check = (name, value) => {
  if (typeof value === 'string' && /^rediss?:\/\//.test(value)) return
  const expected = 'a URL that begins with redis:// or rediss://'
  throw promherdError('ERR_PROMHERD_BAD_OPTION', name, expected, value, 'Such as redis://127.0.0.1:6379.')
}

const isSeconds = isInteger(1, 31_536_000, 'Give it in seconds.')

/** The check of each key. */
export const REDIS_SHAPE: Shape<RedisConfig> = {
  enabled: isBoolean('Leave it out where the URL is given.'),
  url: isUrl,
  host: isString('Give the name or address of the host.'),
  port: isInteger(1, 65_535, 'Give the port of Redis.'),
  db: isInteger(0, 2 ** 31 - 1, 'Give the number of the database.'),
  username: isString('Give the name of a user of Redis.'),
  password: isString('Give the password, or leave it out.'),
  keyPrefix: isString('Give what the names of the keys begin with.'),
  group: isString('Give the name of the service.'),
  instance: isString('Give a name that no other host of the group has.'),
  interval: isSeconds,
  ttl: isSeconds,
}
