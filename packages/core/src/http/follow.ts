import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ErrorCategory } from '../metrics.ts'

/**
 * The lifetime of an exchange: begun once for each response and settled once, whichever of its ends is seen first.
 *
 * A response that has closed says so, but one that still waits behind another when their connection dies does not on
 * every Node. So each connection knows its open exchanges and settles them when it closes. One object is made for an
 * exchange, and no function: the listeners are shared and find the exchange on their response.
 */
export class Exchange {
  readonly owner: ExchangeOwner
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly startedAt: number
  routeOf: RouteOf<unknown>
  context: unknown
  /** What is known of a failure besides the status. */
  evidence: ErrorCategory | undefined = undefined
  isOpen = true
  /** The exchange of another owner with the same response. */
  readonly sibling: Exchange | undefined
  connection: Connection | undefined = undefined
  before: Exchange | undefined = undefined
  after: Exchange | undefined = undefined

  constructor(
    owner: ExchangeOwner,
    request: IncomingMessage,
    response: ServerResponse,
    routeOf: RouteOf<unknown>,
    context: unknown,
  ) {
    this.owner = owner
    this.request = request
    this.response = response
    this.routeOf = routeOf
    this.context = context
    this.sibling = (response as Followed)[EXCHANGE]
    this.startedAt = performance.now()
  }
}

/** Answers the route template of an exchange, or undefined where none answered. Called when the response has closed. */
export type RouteOf<Context> = (context: Context) => string | undefined

/** Who is told, once, that an exchange has ended. Must not throw. */
export interface ExchangeOwner {
  /** Exchanges of one store are counted once, however many owners record into it. */
  readonly store: object
  settled(exchange: Exchange): void
}

/** The exchange that `owner`'s store follows on this response, open or settled. */
export function exchangeOf(response: ServerResponse, store: object): Exchange | undefined {
  let exchange = (response as Followed)[EXCHANGE]
  while (exchange !== undefined && exchange.owner.store !== store) exchange = exchange.sibling
  return exchange
}

/** Keeps what is known of a failure: it is a fact of the response, whoever records it. */
export function noteEvidence(response: ServerResponse, evidence: ErrorCategory | undefined): void {
  for (let exchange = (response as Followed)[EXCHANGE]; exchange !== undefined; exchange = exchange.sibling) {
    exchange.evidence = evidence
  }
}

/** Hangs `exchange` on its response and its connection. Where it throws, nothing is left behind. */
export function watch(exchange: Exchange): void {
  const { request, response } = exchange
  // Streams of HTTP/2 close with their session, each for itself.
  const connection = request.httpVersionMajor < 2 && request.socket != null ? connectionOf(request.socket) : undefined
  if (exchange.sibling === undefined) response.on('close', onResponseClose)
  ;(response as Followed)[EXCHANGE] = exchange
  if (connection !== undefined) join(exchange, connection)
}

/** Ends an exchange, unless it has ended. */
export function settle(exchange: Exchange): void {
  if (!exchange.isOpen) return
  exchange.isOpen = false
  leave(exchange)
  exchange.owner.settled(exchange)
}

/** The open exchanges of one socket, as a list through the exchanges themselves. */
interface Connection {
  first: Exchange | undefined
}

// Of this copy of the package alone: another copy's exchanges may look different.
const EXCHANGE = Symbol('promherd.exchange')
const CONNECTION = Symbol('promherd.connection')
type Followed = ServerResponse & { [EXCHANGE]?: Exchange }
type KnownSocket = Socket & { [CONNECTION]?: Connection }

function onResponseClose(this: ServerResponse): void {
  for (let exchange = (this as Followed)[EXCHANGE]; exchange !== undefined; exchange = exchange.sibling) {
    settle(exchange)
  }
}

function onSocketClose(this: Socket): void {
  const connection = (this as KnownSocket)[CONNECTION]
  while (connection?.first !== undefined) settle(connection.first)
}

function connectionOf(socket: KnownSocket): Connection {
  let connection = socket[CONNECTION]
  if (connection === undefined) {
    connection = { first: undefined }
    socket[CONNECTION] = connection
    socket.on('close', onSocketClose)
  }
  return connection
}

function join(exchange: Exchange, connection: Connection): void {
  exchange.connection = connection
  exchange.after = connection.first
  if (connection.first !== undefined) connection.first.before = exchange
  connection.first = exchange
}

function leave(exchange: Exchange): void {
  const { connection, before, after } = exchange
  if (connection === undefined) return
  if (before === undefined) connection.first = after
  else before.after = after
  if (after !== undefined) after.before = before
  exchange.connection = undefined
  exchange.before = undefined
  exchange.after = undefined
}
