import { RedisSink } from '../../packages/redis/dist/redis-sink.js'

export const PREFIX = 'bench'
const HOUR_MS = 3_600_000

/** The sink of a host. No instance expires while a benchmark runs. */
export function sinkTo(redis, group, instance) {
  return new RedisSink({ redis, prefix: PREFIX, group, instance, ttlMs: HOUR_MS, keepMs: HOUR_MS })
}

export function push(sink, snapshot) {
  return sink.push(snapshot, AbortSignal.timeout(60_000))
}
