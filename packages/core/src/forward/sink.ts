import type { ForwardErrorCause } from '../metrics.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'

/** Where snapshots of a herd are sent. */
export interface Sink {
  /** Names the sink in logs and in the label `sink` of the self metrics: `redis`, `otlp`. */
  readonly name: string
  /** Connects. Called before the first push; where it rejects, it is called again before the next one. */
  start(): Promise<void>
  /**
   * Sends one snapshot. There is one call at a time. Rejects with a `SinkError` where that fails; any other error counts
   * as `other`. Must settle soon after the signal is aborted: at the deadline, or when forwarding stops.
   */
  push(snapshot: Snapshot, signal: AbortSignal): Promise<void>
  /** Sends nothing more and frees what it holds. The last push of a herd that ends in order comes before. */
  stop(): Promise<void>
}

/** Why a snapshot could not be sent. */
export class SinkError extends Error {
  override readonly name = 'SinkError'
  /** The label `cause` of `promherd_forward_errors_total`. */
  readonly reason: ForwardErrorCause
  /** How long the other side asked to be left alone. */
  readonly retryAfterSeconds: number | undefined

  constructor(reason: ForwardErrorCause, message: string, options: SinkErrorOptions = {}) {
    super(message, options)
    this.reason = reason
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** True for an error of a sink, whichever copy of this package has made it. */
export function isSinkError(error: unknown): error is SinkError {
  return error instanceof Error && error.name === 'SinkError'
}

export interface SinkErrorOptions extends ErrorOptions {
  readonly retryAfterSeconds?: number | undefined
}
