import type { EventEmitter } from 'node:events'
import { shared } from '../../base/shared.ts'
import { Hidden } from '../response/hidden.ts'
import type { Connection, FollowedExchange } from './exchange.ts'

/**
 * The open exchanges of each connection. On some versions of Node a response that still waits behind another emits no
 * `close` when their connection fails, so a connection settles its exchanges when it closes.
 */

/** What carries exchanges: a socket, or an HTTP/2 session. */
export type Carrier = EventEmitter

/** The connection of a carrier; at the first call, `onClose` becomes a listener of its `close`. */
export function connectionOf(carrier: Carrier, onClose: (this: Carrier) => void): Connection {
  let connection = Carrying.of(carrier)
  if (connection === undefined) {
    connection = { first: undefined, closeReason: undefined }
    new Carrying(carrier, connection)
    // A request that a test injects has a socket that belongs to no server and never closes.
    if ('server' in carrier || 'alpnProtocol' in carrier) CONNECTIONS.add(connection)
    // Must run before the application is notified that its client has left: what it sends after that reaches no client.
    carrier.prependListener('close', onClose)
  }
  return connection
}

/** The connection of a carrier that has closed, which is forgotten; undefined if it carried no exchange. */
export function closedConnectionOf(carrier: Carrier): Connection | undefined {
  const connection = Carrying.of(carrier)
  if (connection !== undefined) CONNECTIONS.delete(connection)
  return connection
}

/** The exchanges of `store` that are open now, except those that came without a connection. */
export function* openExchanges(store: object): Generator<FollowedExchange> {
  for (const connection of CONNECTIONS) {
    for (let exchange = connection.first; exchange !== undefined; exchange = exchange.after) {
      if (exchange.owner.store === store) yield exchange
    }
  }
}

/** The exchanges that are open on a carrier, the oldest first. */
export function openExchangesOn(carrier: Carrier): FollowedExchange[] {
  const open: FollowedExchange[] = []
  let exchange = Carrying.of(carrier)?.first
  for (; exchange !== undefined; exchange = exchange.after) open.unshift(exchange)
  return open
}

/** Adds an open exchange to a connection. */
export function join(exchange: FollowedExchange, connection: Connection): void {
  exchange.connection = connection
  exchange.after = connection.first
  if (connection.first !== undefined) connection.first.before = exchange
  connection.first = exchange
}

/** Removes an exchange from its connection. */
export function leave(exchange: FollowedExchange): void {
  const { connection, before, after } = exchange
  if (connection === undefined) return
  if (before === undefined) connection.first = after
  else before.after = after
  if (after !== undefined) after.before = before
  exchange.before = undefined
  exchange.after = undefined
}

/** Stores the open exchanges on a connection. */
const Carrying = shared(
  'exchanges of a connection',
  () =>
    class Carrying extends Hidden {
      readonly #connection: Connection

      constructor(carrier: object, connection: Connection) {
        super(carrier)
        this.#connection = connection
      }

      static of(carrier: object): Connection | undefined {
        return #connection in carrier ? (carrier as Carrying).#connection : undefined
      }
    },
)

const CONNECTIONS = shared('connections', () => new Set<Connection>())
