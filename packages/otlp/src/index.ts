import { checkOptions, type Forwarding, startForwarding, Warner } from '@promherd/core/forward'
import { FORWARD_SHAPE, type ForwardOptions } from './settings/options.ts'
import { resolveOtlpOptions } from './settings/resolve.ts'
import { OtlpSink } from './sink.ts'

export type { Forwarding } from '@promherd/core/forward'
export type { Compression, ForwardOptions, OtlpOptions, Protocol } from './settings/options.ts'

/**
 * Sends the metrics of the herd of this process to an OTLP receiver periodically: in the primary of a cluster, in a
 * process that calls `serveHerd`, or in a single process. In a worker it does nothing, since the primary sends for all.
 * After this call nothing throws: errors are logged as warnings and counted.
 * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION
 */
export function forward(options: ForwardOptions): Forwarding {
  checkOptions('forward', options, FORWARD_SHAPE)
  FORWARD_SHAPE.otlp('forward.otlp', options.otlp)
  const resolved = resolveOtlpOptions(options.otlp)
  const { interval, timeout } = resolved
  return startForwarding(() => new OtlpSink(resolved, new Warner(options.onWarning)), {
    interval,
    timeout,
    onWarning: options.onWarning,
  })
}
