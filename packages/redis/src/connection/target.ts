import type { Cluster, ClusterNode, ClusterOptions, Redis, RedisOptions } from 'ioredis'

/** The startup nodes of a Redis Cluster. */
export interface ClusterTarget {
  readonly nodes: readonly ClusterNode[]
  /** Options of ioredis for a Cluster, such as `redisOptions: { username, password, tls }`. */
  readonly options?: ClusterOptions | undefined
}

/**
 * The Redis server: a URL (`redis:` or, with TLS, `rediss:`), options of ioredis (including `sentinels`), the nodes of
 * a Cluster, or a client of ioredis that belongs to the program.
 */
export type RedisTarget = string | RedisOptions | ClusterTarget | Redis | Cluster

export async function makeClient(target: RedisTarget): Promise<{ client: Redis | Cluster; isOwn: boolean }> {
  if (isClient(target)) return { client: target, isOwn: false }
  // Loaded only when needed: not in the workers of a cluster.
  const { Cluster, Redis } = await import('ioredis')
  if (typeof target === 'string') return { client: make<Redis>(Redis, target, OWN), isOwn: true }
  if (!('nodes' in target)) return { client: make<Redis>(Redis, { ...target, ...OWN }), isOwn: true }
  const { nodes, options } = target
  const client = make<Cluster>(Cluster, [...nodes], {
    ...options,
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: () => null,
    redisOptions: { ...options?.redisOptions, ...NODE },
  })
  return { client, isOwn: true }
}

/** The types of ioredis do not accept options that may be undefined. */
function make<Made>(Class: unknown, ...given: unknown[]): Made {
  return new (Class as new (...given: unknown[]) => Made)(...given)
}

export function isClient(target: RedisTarget): target is Redis | Cluster {
  return typeof target === 'object' && typeof (target as Redis).pipeline === 'function'
}

/** A failed connection is opened again when it is needed next. */
const NODE = {
  connectTimeout: 5000,
  disconnectTimeout: 100,
  disableClientInfo: true,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
} as const

const OWN = {
  ...NODE,
  protocol: 2,
  lazyConnect: true,
  enableOfflineQueue: false,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
}
