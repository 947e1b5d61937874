import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Store } from '../store/store.ts'

/** How HTTP exchanges are recorded. */
export type HttpOptions = {
  /** Upper bounds of the duration histogram, in seconds. @default DURATION_BUCKETS */
  readonly buckets?: readonly number[] | undefined
}

/** Answers the route template of an exchange, or undefined where none matched. Called when the response has closed. */
export type RouteOf<Context> = (context: Context) => string | undefined

/** Records HTTP exchanges into a store. */
export class HttpRecorder {
  constructor(_store: Store, _options: HttpOptions) {}

  /** Follows one exchange until its response closes. Never throws. */
  follow<Context>(
    _request: IncomingMessage,
    _response: ServerResponse,
    _route: RouteOf<Context>,
    _context: Context,
  ): void {}

  /** Keeps the error that ended an exchange, as evidence for its category. Never throws. */
  fail(_response: ServerResponse, _error: unknown): void {}
}
