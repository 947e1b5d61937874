import type { ServerResponse } from 'node:http'
import type { RequestLike } from './request-like.ts'

/** How an exchange ended, as needed for its labels. */
export interface Outcome {
  /** The index of its method in `Naming.methods`. */
  method: number
  /** The route label. */
  route: string
  /** The status that was sent, or a placeholder; 0 if none was sent and the naming omits it. */
  status: number
  /** The category of its failure; undefined if it did not fail. */
  category: string | undefined
}

/** The objects that computed labels are called with. */
export interface LabelInputs {
  /** Undefined if the exchange was not followed. */
  readonly request: RequestLike | undefined
  /** Undefined if it was not followed, left HTTP, or has no Node server. */
  readonly response: ServerResponse | undefined
  /** The framework's own object; undefined if there is none. */
  readonly context: unknown
}
