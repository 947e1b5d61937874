import type { ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { promherdError } from '../errors.ts'
import { defaultMonitor, type Monitor } from '../monitor.ts'
import type { HttpOptions, HttpRecorder } from './recorder.ts'

/** What every adapter takes. */
export type AdapterOptions = HttpOptions & {
  /** Where to record. @default the one monitor that all adapters of the process share */
  readonly monitor?: Monitor | undefined
}

/**
 * The recorder that an adapter with these options records through.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function recorderFor(options: AdapterOptions = {}): HttpRecorder {
  const { monitor, ...http } = options
  return monitorOf(monitor).http(http)
}

/** The monitor that was given, or the one that the process shares. @throws ERR_PROMHERD_BAD_OPTION */
export function monitorOf(monitor: Monitor | undefined): Monitor {
  if (monitor === undefined) return defaultMonitor()
  if (typeof monitor?.http === 'function') return monitor
  throw promherdError('ERR_PROMHERD_BAD_OPTION', 'monitor', 'a monitor', monitor, 'Give what createMonitor() returned.')
}

/** Answers a request with the metrics of the herd, or with 503 where they cannot be read. Never rejects. */
export async function sendMetrics(monitor: Monitor, response: ServerResponse): Promise<void> {
  try {
    const { pieces, length } = await monitor.metricsBytes()
    response.setHeader('content-type', monitor.contentType)
    response.setHeader('content-length', length)
    // The next piece goes when the one before is on its way. A reader that leaves is no trouble of ours.
    pipeline(Readable.from(pieces), response, () => {})
  } catch (error) {
    monitor.store.trouble('http', `the metrics could not be served: ${String(error)}`)
    response.statusCode = 503
    response.end()
  }
}
