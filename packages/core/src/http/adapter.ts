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

/** The metrics of the herd as what a framework answers. */
export interface MetricsReply {
  /** 200, or 503 where they could not be read. */
  readonly status: 200 | 503
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** What to send, one after the other: a large herd has 20 MB and more. Nobody may write into one. Empty with 503. */
  readonly pieces: readonly Uint8Array[]
}

/** What answers a request for the metrics of the herd. Never rejects. */
export async function replyWithMetrics(monitor: Monitor): Promise<MetricsReply> {
  try {
    const { pieces, length } = await monitor.metricsBytes()
    const headers = { 'content-type': monitor.contentType, 'content-length': String(length) }
    return { status: 200, headers, pieces }
  } catch (error) {
    monitor.store.trouble('http', `the metrics could not be served: ${String(error)}`)
    return { status: 503, headers: { 'content-length': '0' }, pieces: [] }
  }
}

/** Answers a request with the metrics of the herd, or with 503 where they cannot be read. Never rejects. */
export async function sendMetrics(monitor: Monitor, response: ServerResponse): Promise<void> {
  const { status, headers, pieces } = await replyWithMetrics(monitor)
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  // The next piece goes when the one before is on its way. A reader that leaves is no trouble of ours.
  pipeline(Readable.from(pieces), response, () => {})
}
