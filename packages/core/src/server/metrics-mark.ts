/** How a metrics port of promherd's is told from the servers of the application, by every copy of this package. */

const METRICS = Symbol.for('promherd.metrics-server.v1')

export function markMetricsServer(server: object): void {
  Object.defineProperty(server, METRICS, { value: true })
}

export function isMetricsServer(server: object): boolean {
  return METRICS in server
}
