import { Counter, Histogram, Registry } from 'prom-client'

/**
 * The code that a careful user writes with prom-client: one histogram and one counter, recorded on `finish`, with the
 * buckets and labels of promherd.
 */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/** @returns {{ record(req: object, res: object, route: string, startedAt: number): void, text(): Promise<string> }} */
export function plainMetrics() {
  const registry = new Registry()
  const labelNames = ['method', 'route', 'status_code']
  const registers = [registry]
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of requests.',
    labelNames,
    buckets: BUCKETS,
    registers,
  })
  const total = new Counter({ name: 'http_requests_total', help: 'Requests.', labelNames, registers })
  return {
    record(req, res, route, startedAt) {
      const labels = { method: req.method, route, status_code: res.statusCode }
      duration.observe(labels, (performance.now() - startedAt) / 1000)
      total.inc(labels)
    },
    text: () => registry.metrics(),
  }
}
