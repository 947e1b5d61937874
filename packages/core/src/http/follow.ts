import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { shared } from '../base/shared.ts'
import type { CloseReason } from './close-reason.ts'
import type { Detail } from './details.ts'
import { Hidden } from './hidden.ts'
import { streamOf } from './outcome.ts'

/**
 * The lifetime of an exchange: begun once for each response and settled once, at the first event that ends it.
 *
 * A response emits `close`, but on some versions of Node a response that still waits behind another does not when their
 * connection fails. So each connection keeps a list of its open exchanges and settles them when it closes. An exchange
 * allocates one object and no function: the listeners are shared and find the exchange on their response.
 */
export class Exchange {
  readonly owner: ExchangeOwner
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly startedAt: number
  routeOf: RouteOf<unknown>
  context: unknown
  /** The next source of the route if the innermost knows none: an outer framework that contains the inner one. */
  outer: Naming | undefined = undefined
  /** True once the framework has reported that no route matched. */
  isUnrouted = false
  /** The thrown value, unchanged; null if undefined was thrown. */
  error: unknown = undefined
  /** Data that the owner's options require; undefined if they require nothing. */
  detail: Detail | undefined = undefined
  isOpen = true
  /** True once it is known to be a stream of events, which is not counted as in flight. */
  isStream = false
  /** Whether the head of its response had been sent when its connection failed; undefined unless it failed. */
  wasBegunAtFailure: boolean | undefined = undefined
  /** The status that was written to its connection instead of its response. */
  refusal: number | undefined = undefined
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
    this.sibling = Followed.of(response)
    this.startedAt = performance.now()
  }
}

/**
 * Returns the route template of an exchange, or undefined if no route handled it. Called when the response has closed.
 * `outer` is the source of the framework that called this one, if another one did.
 */
export type RouteOf<Context> = (context: Context, outer?: Naming) => string | undefined

/** A source of a route, with what it knows of the request. */
export interface Naming {
  readonly routeOf: RouteOf<unknown>
  readonly context: unknown
  readonly outer?: Naming | undefined
}

/** Makes `routeOf` the first source of the route; the previous sources are used if it knows none. */
export function nameInside(exchange: Exchange, routeOf: RouteOf<unknown>, context: unknown): void {
  const { routeOf: known, context: knownContext, outer } = exchange
  if (known === routeOf && knownContext === context) return
  exchange.outer = { routeOf: known, context: knownContext, outer }
  exchange.routeOf = routeOf
  exchange.context = context
}

/** Receives, once, that an exchange has ended. Must not throw. */
export interface ExchangeOwner {
  /** Exchanges of one store are counted once, however many owners record into it. */
  readonly store: object
  settled(exchange: Exchange): void
  /** An open exchange must not be recorded at all. */
  leftOut(exchange: Exchange): void
  /** An open exchange turned out to be a stream of events. */
  streams(exchange: Exchange): void
  /** Hands an exchange over to another owner, with or without options of its own; returns false if it keeps it. */
  leaves(exchange: Exchange, isToPlain: boolean): boolean
}

/** The exchange that `owner`'s store follows on this response, open or settled. */
export function exchangeOf(response: ServerResponse, store: object): Exchange | undefined {
  let exchange = Followed.of(response)
  while (exchange !== undefined && exchange.owner.store !== store) exchange = exchange.sibling
  return exchange
}

/** Adds the private field for an exchange to a response that may be followed later. */
export function reserve(response: ServerResponse): void {
  if (!isFollowed(response)) Followed.by(response, undefined)
}

/** True if an exchange follows or followed this response. */
export function isFollowed(response: ServerResponse): boolean {
  return Followed.of(response) !== undefined
}

/** Marks `routeOf` as a placeholder: a framework may replace it while it serves the exchange. */
export function asPlaceholder<Context>(routeOf: RouteOf<Context>): RouteOf<Context> {
  PLACEHOLDERS.add(routeOf)
  return routeOf
}

/** True for a placeholder, which leaves the route to a framework. */
export function isPlaceholder(routeOf: RouteOf<never>): boolean {
  return PLACEHOLDERS.has(routeOf)
}

const PLACEHOLDERS = shared('placeholders', () => new WeakSet<RouteOf<never>>())

/**
 * Sets the source of the route of a response, if its current source is a placeholder. If several frameworks call this,
 * the last one is the innermost: a framework that is called by another.
 */
export function nameRoute<Context>(response: ServerResponse, routeOf: RouteOf<Context>, context: Context): void {
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    if (isPlaceholder(exchange.routeOf)) {
      exchange.routeOf = routeOf as RouteOf<unknown>
      exchange.context = context
      NAMERS.add(routeOf)
    } else if (NAMERS.has(exchange.routeOf)) nameInside(exchange, routeOf as RouteOf<unknown>, context)
  }
}

/** The same, but only if no framework has set the source. */
export function nameUnnamedRoute<Context>(response: ServerResponse, routeOf: RouteOf<Context>, context: Context): void {
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    if (!isPlaceholder(exchange.routeOf)) continue
    exchange.routeOf = routeOf as RouteOf<unknown>
    exchange.context = context
  }
}

/** The functions that have replaced a placeholder: as many as there are frameworks. */
const NAMERS = shared('namers', () => new WeakSet<RouteOf<never>>())

/** Stores the thrown value on all exchanges of the response, for all owners. */
export function noteError(response: ServerResponse, error: unknown): void {
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    exchange.error = error === undefined ? null : error
  }
}

/** Stores the thrown value unless there is one already: a framework may replace one error by another. */
export function noteFirstError(response: ServerResponse, error: unknown): void {
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    if (exchange.error === undefined) exchange.error = error === undefined ? null : error
  }
}

/** Stores that no route matched, in whatever way the framework reported it. */
export function noteUnrouted(response: ServerResponse): void {
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    exchange.isUnrouted = true
  }
}

/** Attaches `exchange` to its response and its connection. If it throws, nothing stays attached. */
export function watch(exchange: Exchange): void {
  const { request, response } = exchange
  const carrier = request.httpVersionMajor < 2 ? request.socket : streamOf(response)?.session
  const connection = carrier != null ? connectionOf(carrier) : undefined
  if (exchange.sibling === undefined) response.on('close', onResponseClose)
  Followed.by(response, exchange)
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
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    if (!exchange.isOpen) continue
    drop(exchange)
    exchange.owner.leftOut(exchange)
  }
}

/** What carries exchanges: a socket, or an HTTP/2 session. */
export type Carrier = EventEmitter

/** The open exchanges of one carrier, a linked list through the exchanges themselves. */
interface Connection {
  first: Exchange | undefined
  /** Why Node closes the connection; undefined if it does not. */
  closeReason: CloseReason | undefined
}

/** The exchanges of `store` that are open now, except those that came without a connection. */
export function* openExchanges(store: object): Generator<Exchange> {
  for (const connection of CONNECTIONS) {
    for (let exchange = connection.first; exchange !== undefined; exchange = exchange.after) {
      if (exchange.owner.store === store) yield exchange
    }
  }
}

/** The exchanges that are open on a carrier, the oldest first. */
export function openExchangesOn(carrier: Carrier): Exchange[] {
  const open: Exchange[] = []
  let exchange = Carrying.of(carrier)?.first
  for (; exchange !== undefined; exchange = exchange.after) open.unshift(exchange)
  return open
}

/** Stores the exchanges on a response. */
const Followed = shared(
  'exchanges of a response',
  () =>
    class Followed extends Hidden {
      #exchange: Exchange | undefined

      static of(response: object): Exchange | undefined {
        return #exchange in response ? (response as Followed).#exchange : undefined
      }

      static by(response: object, exchange: Exchange | undefined): void {
        const place = #exchange in response ? (response as Followed) : (new Followed(response) as Followed)
        place.#exchange = exchange
      }
    },
)

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

function onResponseClose(this: ServerResponse): void {
  for (let exchange = Followed.of(this); exchange !== undefined; exchange = exchange.sibling) {
    settle(exchange)
  }
}

function onCarrierClose(this: Carrier): void {
  const connection = Carrying.of(this)
  if (connection === undefined) return
  CONNECTIONS.delete(connection)
  while (connection.first !== undefined) settle(connection.first)
}

function connectionOf(carrier: Carrier): Connection {
  let connection = Carrying.of(carrier)
  if (connection === undefined) {
    connection = { first: undefined, closeReason: undefined }
    new Carrying(carrier, connection)
    // A request that a test injects has a socket that belongs to no server and never closes.
    if ('server' in carrier || 'alpnProtocol' in carrier) CONNECTIONS.add(connection)
    // Must run before the application is notified that its client has left: what it sends after that reaches no client.
    carrier.prependListener('close', onCarrierClose)
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
  exchange.before = undefined
  exchange.after = undefined
}
