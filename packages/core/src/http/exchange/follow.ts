import type { ServerResponse } from 'node:http'
import { streamOf } from '../response/response-state.ts'
import { type Carrier, closedConnectionOf, connectionOf, join, leave } from './connection.ts'
import type { Exchange } from './exchange.ts'
import { attach, firstExchangeOf } from './followed.ts'

/** The lifetime of an exchange: settled once, when its response or its connection closes. */

/** Attaches `exchange` to its response and its connection. If it throws, nothing stays attached. */
export function watch(exchange: Exchange): void {
  const { request, response } = exchange
  const carrier = request.httpVersionMajor < 2 ? request.socket : streamOf(response)?.session
  const connection = carrier != null ? connectionOf(carrier, onCarrierClose) : undefined
  exchange.sibling = firstExchangeOf(response)
  if (exchange.sibling === undefined) response.on('close', onResponseClose)
  attach(exchange)
  if (connection !== undefined) join(exchange, connection)
}

/** Ends an exchange, unless it has ended. */
export function settle(exchange: Exchange): void {
  if (!exchange.isOpen) return
  exchange.isOpen = false
  leave(exchange)
  exchange.owner.settled(exchange)
}

/** Stops following an exchange without a report to its owner: another exchange replaces it. */
export function drop(exchange: Exchange): void {
  exchange.isOpen = false
  leave(exchange)
}

/** Stops following all exchanges on a response without recording them. */
export function leaveOut(response: ServerResponse): void {
  for (let exchange = firstExchangeOf(response); exchange !== undefined; exchange = exchange.sibling) {
    if (!exchange.isOpen) continue
    drop(exchange)
    exchange.owner.leftOut(exchange)
  }
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
