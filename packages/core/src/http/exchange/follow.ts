import type { ServerResponse } from 'node:http'
import { streamOf } from '../response/response-state.ts'
import { type Carrier, closedConnectionOf, connectionOf, join, leave } from './connection.ts'
import { end } from './end.ts'
import type { Exchange, FollowedExchange } from './exchange.ts'
import type { ExchangeOwner } from './exchange-owner.ts'
import { attach, firstExchangeOf } from './followed-exchanges.ts'

/** Follows an exchange on its response: it ends once, when the response or its connection closes. */

/** Counts `exchange` as open until it ends. If it throws, nothing stays attached to the response. */
export function follow(exchange: FollowedExchange): void {
  const { request, response, owner } = exchange
  const carrier = request.httpVersionMajor < 2 ? request.socket : streamOf(response)?.session
  const connection = carrier != null ? connectionOf(carrier, onCarrierClose) : undefined
  exchange.sibling = firstExchangeOf(response)
  if (exchange.sibling === undefined) response.on('close', onResponseClose)
  attach(exchange)
  if (connection !== undefined) join(exchange, connection)
  owner.series.open(exchange)
}

/** Ends an exchange, unless it has ended. */
export function settle(exchange: FollowedExchange): void {
  if (!exchange.isOpen) return
  leave(exchange)
  end(exchange)
}

/** Stops following all exchanges on a response without recording them. */
export function leaveOut(response: ServerResponse): void {
  for (let exchange = firstExchangeOf(response); exchange !== undefined; exchange = exchange.sibling) {
    if (exchange.isOpen) drop(exchange)
  }
}

/**
 * Transfers an open exchange from a fallback to another owner of the same store, which may be from another copy of this
 * package. An owner without options receives it only after the fallback has yielded. Returns false if the exchange stays.
 */
export function transfer(exchange: FollowedExchange, to: ExchangeOwner): boolean {
  const { owner, isOpen } = exchange
  if (owner === to || !isOpen || owner.onYield === undefined || (to.isPlain && !owner.hasYielded)) return false
  drop(exchange)
  return true
}

function drop(exchange: FollowedExchange): void {
  leave(exchange)
  leaveUncounted(exchange)
}

/** Ends an open exchange without recording it. */
export function leaveUncounted(exchange: Exchange): void {
  exchange.isOpen = false
  if (!exchange.owner.hasYielded) exchange.owner.series.close(exchange)
}

function onResponseClose(this: ServerResponse): void {
  for (let exchange = firstExchangeOf(this); exchange !== undefined; exchange = exchange.sibling) {
    settle(exchange)
  }
}

function onCarrierClose(this: Carrier): void {
  const connection = closedConnectionOf(this)
  while (connection?.first !== undefined) settle(connection.first)
}
