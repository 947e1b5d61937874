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
export function categoryOf(
  status: number,
  aborted: boolean,
  evidence: ErrorCategory | undefined,
): ErrorCategory | undefined {
  if (aborted) return 'client_abort'
  if (status < 400) return undefined
  if (status === 500 && evidence !== undefined) return evidence
  return CATEGORIES.get(status) ?? (status < 500 ? 'client_error' : 'server_error')
}

/**
 * What an error says of what went wrong that the status does not. To be asked when it is thrown: frameworks write the
 * status that they choose into it afterwards. Throws what the error's own properties throw.
 */
export function evidenceOf(error: unknown): ErrorCategory | undefined {
  if (typeof error !== 'object' || error === null) return 'exception'
  const { status, statusCode } = error as { status?: unknown; statusCode?: unknown }
  // Somebody chose a status: it is an answer, and not because something broke.
  return typeof status === 'number' || typeof statusCode === 'number' ? undefined : 'exception'
}
