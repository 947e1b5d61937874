import { startCluster } from '@promherd/core/cluster'

// Workers: WEB_CONCURRENCY. The metrics port: PROMETHEUS_METRICS_PORT, else 9091.
startCluster({}, () => import('./app.js'))
