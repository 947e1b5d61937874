import type { RequestLike } from '../labels/request-like.ts'
import type { Detail } from '../series/details.ts'

/** An open exchange in a runtime without a `ServerResponse`. */
export interface OpenExchange {
  /**
   * Records how the exchange ended: the route template (undefined if no route handled it), the status that was sent
   * (499 if the client disconnected before any was sent), and the error if one was thrown. Later calls do nothing.
   * Never throws.
   */
  end(route: string | undefined, statusCode: number, error?: unknown): void
  /** Ends the exchange without recording it. Later calls do nothing. Never throws. */
  leaveOut(): void
}

/** A manual exchange: one that was started by `HttpRecorder.begin`. */
export class Begun implements OpenExchange {
  readonly request: RequestLike
  readonly context: unknown
  readonly startedAt: number = performance.now()
  detail: Detail | undefined = undefined
  #end: End | undefined
  readonly #leave: () => void

  constructor(request: RequestLike, context: unknown, end: End, leave: () => void) {
    this.request = request
    this.context = context
    this.#end = end
    this.#leave = leave
  }

  end(route: string | undefined, statusCode: number, error?: unknown): void {
    const end = this.#end
    this.#end = undefined
    end?.(this, route, statusCode, error)
  }

  leaveOut(): void {
    if (this.#end === undefined) return
    this.#end = undefined
    this.#leave()
  }
}

/** Records how the exchange ended. */
export type End = (begun: Begun, route: string | undefined, status: number, error: unknown) => void

/** Returned for an exchange that is not recorded. */
export const IGNORED: OpenExchange = { end: () => {}, leaveOut: () => {} }
