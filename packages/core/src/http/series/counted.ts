import type { StreamKind } from '../../definitions/label-values.ts'
import type { LabelInputs, Outcome } from '../labels/outcome.ts'
import type { BodySize } from '../response/body-size.ts'
import type { FirstByte } from '../response/time-to-first-byte.ts'

/** An exchange while it is counted as open. */
export interface Counted extends Outcome, LabelInputs {
  readonly startedAt: number
  /** Its duration; NaN if that is not meaningful: a stream, or an upgrade. */
  seconds: number
  /** The slot in which it is counted as in flight. */
  openSlot: number
  /** The kind of stream; undefined until the exchange becomes one. */
  stream: StreamKind | undefined
  /** What the options require to be measured; undefined if they require nothing. */
  measurements: Measurements | undefined
}

/** What is measured of one exchange while it is open, besides its duration. */
export interface Measurements {
  /** As in `LabelSet`. */
  readonly scheme: string
  readonly version: string
  readonly bodySize: BodySize | undefined
  readonly firstByte: FirstByte | undefined
}
