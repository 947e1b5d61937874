import { createMonitor } from '@promherd/core'

/** The HTTP recorder of promherd. It needs no counter, since the histogram contains the count. */
export function open({ storage, directory, series }) {
  const monitor = createMonitor({ directory, storage, promClient: false })
  const recorder = monitor.http({ maxSeries: series })
  return {
    record: ({ method, route, status, seconds }) => recorder.record(method, route, status, seconds),
    text: () => monitor.metrics(),
    close: () => monitor.close(),
  }
}
