import type { PromherdConfig } from '@promherd/core/config'
import type { ForwardOptions } from '@promherd/redis'
import { importOptional } from '../common/optional-package.ts'

/** Whether the metrics are sent to Redis, or read from there. */
export function wantsRedis({ redis }: PromherdConfig): boolean {
  return redis?.enabled ?? redis?.url !== undefined
}

/** @throws Failure if `@promherd/redis` is not installed */
export function loadRedis(): Promise<typeof import('@promherd/redis')> {
  return importOptional('@promherd/redis', 'Redis', () => import('@promherd/redis'))
}

/** The options of `forward` and `serveGroup` from the configuration. */
export function redisOptions({
  redis = {},
  onWarning,
}: PromherdConfig): Pick<ForwardOptions, 'redis' | 'group' | 'prefix' | 'onWarning'> {
  const { url, host = '127.0.0.1', port = 6379, db = 0, username, password, group, keyPrefix } = redis
  const target = url ?? { host, port, db, ...(username && { username }), ...(password && { password }) }
  return { redis: target, group, prefix: keyPrefix, onWarning }
}
