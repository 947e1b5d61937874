import type { ErrorCategory } from '../metrics.ts'

/** Tells what kind of failure an exchange was, if it was one. */

/** The status that stands for a client that left before it had an answer; never sent (the convention is nginx's). */
export const CLIENT_CLOSED = 499

const CATEGORIES: ReadonlyMap<number, ErrorCategory> = new Map([
  [401, 'auth'],
  [403, 'auth'],
  [404, 'not_found'],
  [405, 'not_found'],
  [408, 'timeout'],
  [410, 'not_found'],
  [413, 'payload'],
  [415, 'payload'],
  [429, 'rate_limited'],
  [431, 'payload'],
  [CLIENT_CLOSED, 'client_abort'],
  [502, 'upstream'],
  [503, 'overload'],
  [504, 'timeout'],
])

/** The category of an exchange that ended with `status`; undefined where nothing went wrong. */
export function categoryOf(status: number, aborted: boolean, error: unknown): ErrorCategory | undefined {
  if (aborted) return 'client_abort'
  if (status < 400) return undefined
  if (status === 500 && error !== undefined && !hasStatus(error)) return 'exception'
  return CATEGORIES.get(status) ?? (status < 500 ? 'client_error' : 'server_error')
}

/** True for an error that somebody threw to send a certain status, and not because something broke. */
function hasStatus(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { status, statusCode } = error as { status?: unknown; statusCode?: unknown }
  return typeof status === 'number' || typeof statusCode === 'number'
}
