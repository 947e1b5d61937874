import type { ErrorCategory } from '../../definitions/metrics.ts'
import { categoryOf } from '../category/category.ts'
import {
  CLIENT_CLOSED,
  destroyedWith,
  GIVEN_UP,
  hasClientLeft,
  sentStatusOf,
  wasBegun,
} from '../response/response-state.ts'
import type { Exchange } from './exchange.ts'

/** What is recorded of a failed exchange. Only called for failures, so speed does not matter here. */

/** The status that was sent in an aborted exchange, or a placeholder status if none was. */
export function abortedStatusOf(exchange: Exchange): number {
  const { request, response, connection } = exchange
  const sent = sentStatusOf(exchange)
  if (sent !== undefined) return sent
  // A client that sends data that cannot be parsed has ended the connection; it is recorded as a client that left.
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
  // If the client left, the error that destroyed the connection is not a cause: it only reports that the client left.
  const destroyed = responseDestroyed && !clientLeft ? destroyedWith(request, response) : undefined
  const error = exchange.error === undefined ? destroyed : exchange.error
  // For a stream of events, closing the connection is the normal end, by either side.
  if (exchange.isStream && (clientLeft || error === undefined) && statusCode < 400) return undefined
  return categoryOf(error, { statusCode, responseDestroyed, headersSent, clientLeft })
}
