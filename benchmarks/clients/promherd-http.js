import { createMonitor } from '@promherd/core'

/** promherd's own record of HTTP exchanges; it needs no counter, since the counts of the histogram are one. */
export function open({ storage, directory, series }) {
  const monitor = createMonitor({ directory, storage, promClient: false })
  const recorder = monitor.http({ maxSeries: series })
  return {
    record: ({ method, route, status, seconds }) => recorder.record(method, route, status, seconds),
    text: () => monitor.metrics(),
    close: () => monitor.close(),
  }
}
