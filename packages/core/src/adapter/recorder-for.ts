import type { IncomingMessage, ServerResponse } from 'node:http'
import { promherdError } from '../base/errors.ts'
import type { RequestLike } from '../http/labels/request-like.ts'
import type { HttpOptions } from '../http/options/http-options.ts'
import type { Recorder } from '../http/recorder.ts'
import { defaultMonitor } from '../monitor/default-monitor.ts'
import type { Monitor } from '../monitor/monitor.ts'

/** Options of every adapter. */
export type AdapterOptions<Request = IncomingMessage, Context = unknown, Response = ServerResponse> = HttpOptions<
  Request,
  Context,
  Response
> & {
  /** The monitor to record into. @default the one monitor that all adapters of the process share */
  readonly monitor?: Monitor | undefined
}

/**
 * Returns the recorder for an adapter with these options.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function recorderFor(options: AdapterOptions<RequestLike> = {}): Recorder {
  const { monitor, ...http } = options
  return monitorOf(monitor).http(http)
}

/** Returns the given monitor, or the one that the process shares. @throws ERR_PROMHERD_BAD_OPTION */
export function monitorOf(monitor: Monitor | undefined): Monitor {
  if (monitor === undefined) return defaultMonitor()
  if (typeof monitor?.http === 'function') return monitor
  throw promherdError('ERR_PROMHERD_BAD_OPTION', 'monitor', 'a monitor', monitor, 'Give what createMonitor() returned.')
}
