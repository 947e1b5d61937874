import { DURATION_BUCKETS } from '../../packages/core/dist/definitions/metrics.js'
import { LABELS } from '../lib/workload.js'
import { DURATION, HELP, REQUESTS } from './names.js'

/** prom-client and its successor, which have the same API. Without `counter` there is only the histogram. */
export function openRegistry(client, { counter }) {
  const registers = [new client.Registry()]
  const shared = { help: HELP, labelNames: LABELS, registers }
  const duration = new client.Histogram({ name: DURATION, buckets: DURATION_BUCKETS, ...shared })
  const requests = counter ? new client.Counter({ name: REQUESTS, ...shared }) : undefined
  return {
    record: ({ method, route, status, seconds }) => {
      const labels = { method, route, status_code: status }
      duration.observe(labels, seconds)
      requests?.inc(labels)
    },
    text: () => registers[0].metrics(),
    close: async () => {},
  }
}
