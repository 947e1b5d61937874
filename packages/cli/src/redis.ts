import type { PromherdConfig } from '@promherd/core/config'
import type { ForwardOptions } from '@promherd/redis'
import { Failure } from './failure.ts'

/** Whether the metrics are to be sent to Redis, or read there. */
export function wantsRedis({ redis }: PromherdConfig): boolean {
  return redis?.enabled ?? redis?.url !== undefined
}

/** `@promherd/redis`, which is installed by whoever wants it. */
export async function loadRedis(): Promise<typeof import('@promherd/redis')> {
  try {
    return await import('@promherd/redis')
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error
    const remedy = 'Install it beside promherd: npm install @promherd/redis'
    throw new Failure(
      `Expected the package @promherd/redis for what is said of Redis, but it is not installed. ${remedy}`,
    )
  }
}

/** What `forward` and `serveGroup` take of the configuration. */
export function redisOptions({
  redis = {},
  onWarning,
}: PromherdConfig): Pick<ForwardOptions, 'redis' | 'group' | 'prefix' | 'onWarning'> {
  const { url, host = '127.0.0.1', port = 6379, db = 0, username, password, group, keyPrefix } = redis
  const target = url ?? { host, port, db, ...(username && { username }), ...(password && { password }) }
  return { redis: target, group, prefix: keyPrefix, onWarning }
}
