/**
 * Marks metrics servers of promherd, so that every copy of this package can distinguish them from the application's
 * servers.
 */

const METRICS = Symbol.for('promherd.metrics-server.v1')

export function markMetricsServer(server: object): void {
  Object.defineProperty(server, METRICS, { value: true })
}

export function isMetricsServer(server: object): boolean {
  return METRICS in server
}
