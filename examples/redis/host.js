import { startCluster } from '@promherd/core/cluster'
import { forward } from '@promherd/redis'

// A host: the primary of two workers sends their metrics to Redis. In the workers `forward` does nothing.
// The metrics port of the host: PROMETHEUS_METRICS_PORT, else 9091.
startCluster({ workers: 2 }, () => import('./app.js'))
forward({
  redis: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379',
  group: 'shop',
  instance: process.env.INSTANCE,
  interval: 1,
})
