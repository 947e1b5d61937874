import type { ForwardErrorCause } from '../definitions/label-values.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'

/** A destination for snapshots of a herd. */
export interface Sink {
  /** Names the sink in logs and in the label `sink` of the self metrics: `redis`, `otlp`. */
  readonly name: string
  /** Connects. Called before the first push; if it rejects, it is called again before the next one. */
  start(): Promise<void>
  /**
   * Sends one snapshot. There is one call at a time. Rejects with a `SinkError` on failure; any other error counts as
   * `other`. Must settle soon after the signal is aborted: at the deadline, or when forwarding stops.
   */
  push(snapshot: Snapshot, signal: AbortSignal): Promise<void>
  /** Stops sending and frees its resources. If a herd is shut down in order, this is called after the last push. */
  stop(): Promise<void>
}

/** A failure to send a snapshot. */
export class SinkError extends Error {
  override readonly name = 'SinkError'
  /** The label `cause` of `promherd_forward_errors_total`. */
  readonly reason: ForwardErrorCause
  /** The delay that the destination requested before the next attempt. */
  readonly retryAfterSeconds: number | undefined

  constructor(reason: ForwardErrorCause, message: string, options: SinkErrorOptions = {}) {
    super(message, options)
    this.reason = reason
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** True for an error of a sink, even if another copy of this package created it. */
export function isSinkError(error: unknown): error is SinkError {
  return error instanceof Error && error.name === 'SinkError'
}

export interface SinkErrorOptions extends ErrorOptions {
  readonly retryAfterSeconds?: number | undefined
}
