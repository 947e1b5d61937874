import type { IncomingMessage } from 'node:http'
import { isBoolean } from '../base/check-options.ts'
import { promherdError } from '../base/errors.ts'
import type { HttpRecorder } from '../http/http-recorder.ts'
import type { RequestLike } from '../http/labels/request-like.ts'
import type { Recorder } from '../http/recorder.ts'
import { type AdapterOptions, recorderFor } from './recorder-for.ts'

/** Options of an adapter whose framework reports routes when they are registered, before they are requested. */
export type InitializeOptions<Request = IncomingMessage, Context = unknown> = AdapterOptions<Request, Context> & {
  /** Creates a series with value 0 and status 200 for each route that is registered afterwards. @default false */
  readonly initialize?: boolean | undefined
}

/**
 * Returns the recorder of such an adapter, and the function to call with each route; undefined unless the option is
 * set.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
 */
export function initializingRecorderFor(options: InitializeOptions<RequestLike> = {}): {
  readonly recorder: Recorder
  readonly initialize: ((method: string, route: string) => void) | undefined
} {
  const { initialize = false, ...rest } = options
  isBoolean('Set it to true to show known routes as zero.')('prometheus.initialize', initialize)
  const recorder = recorderFor(rest) as HttpRecorder
  if (!initialize) return { recorder, initialize: undefined }
  if (recorder.knowsLabels) return { recorder, initialize: (method, route) => recorder.initialize(method, route) }
  const remedy = 'Leave one of them out: the labels of a series are known only when a request was served.'
  const expected = "absent beside labels that are computed and OpenTelemetry's naming"
  throw promherdError('ERR_PROMHERD_BAD_OPTION', 'prometheus.initialize', expected, initialize, remedy)
}
