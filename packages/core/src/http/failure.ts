import type { ErrorCategory } from '../metrics.ts'
import { categoryOf } from './evidence.ts'
import type { Exchange } from './follow.ts'
import { CLIENT_CLOSED, destroyedWith, GIVEN_UP, hasClientLeft, sentStatusOf, wasBegun } from './outcome.ts'

/** What is recorded of an exchange that failed. Asked for those alone, so nothing here is in a hurry. */

/** The status that the client of an aborted exchange was sent, or the one that stands for none. */
export function abortedStatusOf(exchange: Exchange): number {
  const { request, response, connection } = exchange
  const sent = sentStatusOf(exchange)
  if (sent !== undefined) return sent
  // A client that sends what cannot be parsed has ended the connection as if it had left.
  return connection?.closeReason === 'protocol' || hasClientLeft(request, response) ? CLIENT_CLOSED : GIVEN_UP
}

/** The category of an exchange that was aborted, or answered with 400 or above. */
export function failureOf(
  exchange: Exchange,
  responseDestroyed: boolean,
  statusCode: number,
): ErrorCategory | undefined {
  const { request, response, connection, refusal } = exchange
  const clientLeft = responseDestroyed && hasClientLeft(request, response)
  if (responseDestroyed && connection?.closeReason !== undefined && (refusal !== undefined || !clientLeft)) {
    return connection.closeReason
  }
  const headersSent = wasBegun(exchange)
  // What the connection was destroyed with is no cause where the client left: it is how that was noticed.
  const destroyed = responseDestroyed && !clientLeft ? destroyedWith(request, response) : undefined
  const error = exchange.error === undefined ? destroyed : exchange.error
  // To close a stream of events is how either side ends it.
  if (exchange.isStream && (clientLeft || error === undefined) && statusCode < 400) return undefined
  return categoryOf(error, { statusCode, responseDestroyed, headersSent, clientLeft })
}
