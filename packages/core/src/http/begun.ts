import type { Detail } from './details.ts'
import type { RequestLike } from './http-options.ts'

/** An exchange of a runtime without a `ServerResponse`. */
export interface OpenExchange {
  /**
   * Records how it ended: the route's template or undefined where none answered, the status that was sent (499 where
   * the client left before any was), and the error if one was thrown. Later calls do nothing. Never throws.
   */
  end(route: string | undefined, statusCode: number, error?: unknown): void
  /** Ends it without a record. Later calls do nothing. Never throws. */
  leaveOut(): void
}

/** An exchange that was begun by hand. */
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

/** Records how it ended. */
export type End = (begun: Begun, route: string | undefined, status: number, error: unknown) => void

/** Stands for one that is not recorded. */
export const IGNORED: OpenExchange = { end: () => {}, leaveOut: () => {} }
