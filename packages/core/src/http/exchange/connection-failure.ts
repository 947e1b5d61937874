import type { Duplex } from 'node:stream'
import { firstStatusOn } from '../response/first-write.ts'
import { isClosedByPeer, isHeadSent } from '../response/response-state.ts'
import { type Carrier, openExchangesOn } from './connection.ts'
import type { CloseReason, FollowedExchange } from './exchange.ts'
import { settle } from './follow.ts'

/**
 * When a connection with open exchanges fails, Node, or a listener in its place, may write an error response, and
 * usually closes the connection. Everything that the application sends afterwards is discarded. So the state of the
 * connection at that moment is kept here.
 */

/**
 * Must be called before Node reacts to a connection error. An exchange whose last byte was given to the kernel
 * completed normally and is settled. For each other exchange, stores whether its response had begun. Returns how many
 * exchanges are still open.
 */
export function connectionFailed(socket: Duplex, reason: CloseReason | undefined): number {
  const open = openExchangesOn(socket)
  for (const exchange of open) {
    if (!socket.destroyed && exchange.response.writableFinished) settle(exchange)
    else exchange.wasBegunAtFailure = isHeadSent(exchange.response)
  }
  const remaining = open.filter(({ isOpen }) => isOpen)
  markClosing(socket, reason, remaining)
  return remaining.length
}

/** Must be called before Node reacts to an idle timeout of a connection. */
export function connectionTimedOut(carrier: Carrier): void {
  markClosing(carrier, 'timeout', openExchangesOn(carrier))
}

/** The next status line on the connection belongs to the oldest exchange, if its response has not begun. */
function markClosing(carrier: Carrier, reason: CloseReason | undefined, open: readonly FollowedExchange[]): void {
  const [next] = open
  if (reason === undefined || next?.connection === undefined || isClosedByPeer(carrier as never)) return
  next.connection.closeReason = reason
  if (next.request.httpVersionMajor > 1 || isHeadSent(next.response)) return
  firstStatusOn(carrier as Duplex, status => {
    next.refusal = status
  })
}
