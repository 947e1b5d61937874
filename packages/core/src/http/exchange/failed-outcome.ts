import { categoryOf, type ErrorFacts } from '../category/category.ts'
import {
  CLIENT_CLOSED_REQUEST,
  destroyedWith,
  hasClientLeft,
  SERVER_ABORTED,
  sentStatusOf,
  wasBegun,
} from '../response/response-state.ts'
import type { Exchange, FollowedExchange } from './exchange.ts'

/** What is recorded of a failed exchange. Only called for failures, so speed does not matter here. */

/** The status that was sent in an aborted exchange, or a placeholder status if none was. */
export function abortedStatusOf(exchange: FollowedExchange): number {
  const { request, response, connection } = exchange
  const sent = sentStatusOf(exchange)
  if (sent !== undefined) return sent
  // If the client sent malformed data and no status was sent, Node closes the connection: recorded as 499.
  return connection?.closeReason === 'protocol' || hasClientLeft(request, response)
    ? CLIENT_CLOSED_REQUEST
    : SERVER_ABORTED
}

/**
 * The category of an exchange whose status and route are known: that of the user's function, or promherd's own;
 * undefined if it did not fail. `aborted` is true if the client did not receive the whole response.
 */
export function categoryOfFailure(exchange: Exchange, aborted: boolean): string | undefined {
  const { kind, request, response, route, status, error, owner } = exchange
  const { categorize } = owner.callbacks
  if (kind !== 'response') {
    const facts: ErrorFacts = { statusCode: status, responseDestroyed: aborted, headersSent: !aborted }
    const category = categoryOf(error, facts)
    // An upgrade is not passed to the user's function: it has no response.
    if (category === undefined || categorize === undefined || kind === 'upgrade') return category
    return categorize(error, { ...facts, request, response, route }) ?? category
  }
  const followed = exchange as FollowedExchange
  const category = categoryOfResponse(followed, aborted)
  if (category === undefined || categorize === undefined) return category
  const headersSent = wasBegun(followed)
  const statusCode = headersSent ? status : followed.response.statusCode
  const facts: ErrorFacts = { statusCode, responseDestroyed: aborted, headersSent }
  return categorize(error ?? undefined, { ...facts, request, response, route }) ?? category
}

function categoryOfResponse(exchange: FollowedExchange, responseDestroyed: boolean): string | undefined {
  const { request, response, connection, refusal, status: statusCode } = exchange
  const clientLeft = responseDestroyed && hasClientLeft(request, response)
  if (responseDestroyed && connection?.closeReason !== undefined && (refusal !== undefined || !clientLeft)) {
    return connection.closeReason
  }
  const headersSent = wasBegun(exchange)
  // If the client left, the error that destroyed the connection is not a cause: it only reports that the client left.
  const destroyed = responseDestroyed && !clientLeft ? destroyedWith(request, response) : undefined
  const error = exchange.error === undefined ? destroyed : exchange.error
  // For a stream of events, closing the connection is the normal end, by either side.
  const isStream = exchange.stream !== undefined
  if (isStream && (clientLeft || error === undefined) && statusCode < 400) return undefined
  return categoryOf(error, { statusCode, responseDestroyed, headersSent, clientLeft })
}
