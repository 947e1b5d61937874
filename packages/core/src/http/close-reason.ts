import type { Duplex } from 'node:stream'
import type { ErrorCategory } from '../metrics.ts'
import { firstStatusOn } from './first-write.ts'
import { type Carrier, type Exchange, openExchangesOn, settle } from './follow.ts'
import { isHeadSent, isLeft } from './outcome.ts'

/**
 * What Node, or a listener in its place, does to a connection with open exchanges: it may write a refusal, and mostly
 * closes the connection. Whatever the application answers afterwards is discarded, so what was on the wire by then is
 * kept here.
 */

/** Why a connection is closed, as the category of its exchanges. */
export type CloseReason = Extract<ErrorCategory, 'protocol' | 'timeout'>

/**
 * To be called before Node reacts to an error of a connection. An exchange whose last byte was given to the kernel has
 * ended well and is settled; of the others it is kept whether they had begun. Returns how many are still open.
 */
export function connectionFailed(socket: Duplex, reason: CloseReason | undefined): number {
  const open = openExchangesOn(socket)
  for (const exchange of open) {
    if (!socket.destroyed && exchange.response.writableFinished) settle(exchange)
    else exchange.wasBegunAtFailure = isHeadSent(exchange.response)
  }
  const left = open.filter(({ isOpen }) => isOpen)
  markClosing(socket, reason, left)
  return left.length
}

/** To be called before Node reacts to a connection that was idle for too long. */
export function connectionTimedOut(carrier: Carrier): void {
  markClosing(carrier, 'timeout', openExchangesOn(carrier))
}

/** What is written to the connection next answers the exchange that has waited longest, where that has not begun. */
function markClosing(carrier: Carrier, reason: CloseReason | undefined, open: readonly Exchange[]): void {
  const [next] = open
  if (reason === undefined || next?.connection === undefined || isLeft(carrier as never)) return
  next.connection.closeReason = reason
  if (next.request.httpVersionMajor > 1 || isHeadSent(next.response)) return
  firstStatusOn(carrier as Duplex, status => {
    next.refusal = status
  })
}
