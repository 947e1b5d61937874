import { startThreads } from '@promherd/core/cluster'

// Threads: WEB_CONCURRENCY. The metrics port: PROMETHEUS_METRICS_PORT, else 9091.
startThreads({}, () => import('./app.js'))
