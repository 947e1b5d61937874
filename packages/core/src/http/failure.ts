import type { ServerResponse } from 'node:http'
import type { ErrorCategory } from '../metrics.ts'
import { categoryOf } from './evidence.ts'
import type { Exchange } from './follow.ts'
import { CLIENT_CLOSED, destroyedWith, GIVEN_UP, hasClientLeft, wasBegun } from './outcome.ts'

/** What is recorded of an exchange that failed. Asked for those alone, so nothing here is in a hurry. */

/**
 * Why Node itself ended a connection with exchanges open on it: what it told the client where it still could, and
 * what that counts as.
 */
export interface Fate {
  /** Sent by Node where the response had not begun; GIVEN_UP where Node sent nothing. */
  readonly statusCode: number
  readonly category: ErrorCategory
}

/** The connection was idle for longer than the server waits; Node ends it without a word. */
export const TIMED_OUT: Fate = { statusCode: GIVEN_UP, category: 'timeout' }

/** The status that the client of a torn exchange was sent, or the one that stands for none. */
export function tornStatusOf(exchange: Exchange): number {
  const { request, response, connection } = exchange
  if (wasBegun(response)) return sentStatusOf(response)
  if (connection?.fate !== undefined) return connection.fate.statusCode
  return hasClientLeft(request, response) ? CLIENT_CLOSED : GIVEN_UP
}

/** What stands in the headers that have left: restify sets another status when the client is gone. */
function sentStatusOf(response: ServerResponse): number {
  const [, status] = STATUS_LINE.exec(String((response as { _header?: string | null })._header)) ?? []
  return status === undefined ? response.statusCode : Number(status)
}

const STATUS_LINE = /^HTTP\/1\.1 (\d{3})/

/** The category of an exchange that was torn, or answered with 400 or above. */
export function failureOf(exchange: Exchange, responseDestroyed: boolean): ErrorCategory | undefined {
  const { request, response, connection } = exchange
  if (responseDestroyed && connection?.fate !== undefined) return connection.fate.category
  const clientLeft = responseDestroyed && hasClientLeft(request, response)
  const headersSent = wasBegun(response)
  const statusCode = responseDestroyed && headersSent ? sentStatusOf(response) : response.statusCode
  // What the connection was destroyed with is no cause where the client left: it is how that was noticed.
  const destroyed = responseDestroyed && !clientLeft ? destroyedWith(request, response) : undefined
  const error = exchange.error === undefined ? destroyed : exchange.error
  // To close a stream of events is how either side ends it.
  if (exchange.isStream && (clientLeft || error === undefined) && statusCode < 400) return undefined
  return categoryOf(error, { statusCode, responseDestroyed, headersSent, clientLeft })
}
