import { createMonitor } from '@promherd/core'
import { DURATION_BUCKETS } from '../../packages/core/dist/definitions/metrics.js'
import { LABELS } from '../lib/workload.js'
import { HELP, OWN_DURATION } from './names.js'

/** A user's histogram in promherd, whose series are looked up each time. */
export function open({ storage, directory, series }) {
  const monitor = createMonitor({ directory, storage, promClient: false })
  const duration = monitor.histogram({
    name: OWN_DURATION,
    help: HELP,
    labels: LABELS,
    buckets: DURATION_BUCKETS,
    maxSeries: series,
  })
  return {
    record: ({ method, route, status, seconds }) => duration.labels(method, route, String(status)).observe(seconds),
    text: () => monitor.metrics(),
    close: () => monitor.close(),
  }
}
