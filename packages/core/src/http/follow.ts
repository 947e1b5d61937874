import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { shared } from '../shared.ts'
import type { CloseReason } from './close-reason.ts'
import type { Detail } from './details.ts'
import { Hidden } from './hidden.ts'
import { streamOf } from './outcome.ts'

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
  /** Who is asked for the route where the innermost knows none: a framework that another one is a part of. */
  outer: Naming | undefined = undefined
  /** True once the framework has said that no route matched. */
  isUnrouted = false
  /** What was thrown, as it was; null where that was undefined. */
  error: unknown = undefined
  /** What the owner keeps for its options; undefined where they ask for nothing. */
  detail: Detail | undefined = undefined
  isOpen = true
  /** True once it is known to be a stream of events, which is not in flight. */
  isStream = false
  /** Whether the head of its response was on the wire when its connection failed; undefined while it has not. */
  wasBegunAtFailure: boolean | undefined = undefined
  /** The status that was written to its connection in place of an answer. */
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
 * Answers the route template of an exchange, or undefined where none answered. Called when the response has closed.
 * `outer` is the one that called this framework, where another one did.
 */
export type RouteOf<Context> = (context: Context, outer?: Naming) => string | undefined

/** Who names a route, by what it knows of the request. */
export interface Naming {
  readonly routeOf: RouteOf<unknown>
  readonly context: unknown
  readonly outer?: Naming | undefined
}

/** Has the route asked for by `routeOf` first, and as before where that knows none. */
export function nameInside(exchange: Exchange, routeOf: RouteOf<unknown>, context: unknown): void {
  const { routeOf: known, context: knownContext, outer } = exchange
  if (known === routeOf && knownContext === context) return
  exchange.outer = { routeOf: known, context: knownContext, outer }
  exchange.routeOf = routeOf
  exchange.context = context
}

/** Who is told, once, that an exchange has ended. Must not throw. */
export interface ExchangeOwner {
  /** Exchanges of one store are counted once, however many owners record into it. */
  readonly store: object
  settled(exchange: Exchange): void
  /** An open exchange is not to be recorded at all. */
  leftOut(exchange: Exchange): void
  /** It turned out to be a stream of events while it is open. */
  streams(exchange: Exchange): void
  /** Leaves an exchange to another owner with or without options of its own; false where it keeps it. */
  leaves(exchange: Exchange, isToPlain: boolean): boolean
}

/** The exchange that `owner`'s store follows on this response, open or settled. */
export function exchangeOf(response: ServerResponse, store: object): Exchange | undefined {
  let exchange = Followed.of(response)
  while (exchange !== undefined && exchange.owner.store !== store) exchange = exchange.sibling
  return exchange
}

/** Makes the place for an exchange on a response that one may follow later. */
export function reserve(response: ServerResponse): void {
  if (!isFollowed(response)) Followed.by(response, undefined)
}

/** True where an exchange follows this response, or did. */
export function isFollowed(response: ServerResponse): boolean {
  return Followed.of(response) !== undefined
}

/** Marks the exchanges whose route is asked for by `routeOf` as ones that a framework may name while it serves them. */
export function asPlaceholder<Context>(routeOf: RouteOf<Context>): RouteOf<Context> {
  PLACEHOLDERS.add(routeOf)
  return routeOf
}

/** True for a function that leaves the route to those who know it better. */
export function isPlaceholder(routeOf: RouteOf<never>): boolean {
  return PLACEHOLDERS.has(routeOf)
}

const PLACEHOLDERS = shared('placeholders', () => new WeakSet<RouteOf<never>>())

/**
 * Has the route of a response told by `routeOf`, where it was left to those who know it. Of several the last is the
 * innermost: a framework that is called by another.
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

/** The same, where nobody has told the route. */
export function nameUnnamedRoute<Context>(response: ServerResponse, routeOf: RouteOf<Context>, context: Context): void {
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    if (!isPlaceholder(exchange.routeOf)) continue
    exchange.routeOf = routeOf as RouteOf<unknown>
    exchange.context = context
  }
}

/** Who has been given in the place of a placeholder: as many as there are frameworks. */
const NAMERS = shared('namers', () => new WeakSet<RouteOf<never>>())

/** Keeps what was thrown: it is a fact of the response, whoever records it. */
export function noteError(response: ServerResponse, error: unknown): void {
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    exchange.error = error === undefined ? null : error
  }
}

/** Keeps what was thrown unless something is kept: a framework may answer an error by another one. */
export function noteFirstError(response: ServerResponse, error: unknown): void {
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    if (exchange.error === undefined) exchange.error = error === undefined ? null : error
  }
}

/** Notes that no route matched, whatever the framework took to say so. */
export function noteUnrouted(response: ServerResponse): void {
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    exchange.isUnrouted = true
  }
}

/** Hangs `exchange` on its response and its connection. Where it throws, nothing is left behind. */
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

/** Ends the following of an exchange, and tells nobody: another takes its place. */
export function drop(exchange: Exchange): void {
  exchange.isOpen = false
  leave(exchange)
}

/** Ends the following of all exchanges on a response, which are not recorded. */
export function leaveOut(response: ServerResponse): void {
  for (let exchange = Followed.of(response); exchange !== undefined; exchange = exchange.sibling) {
    if (!exchange.isOpen) continue
    drop(exchange)
    exchange.owner.leftOut(exchange)
  }
}

/** What carries exchanges: a socket, or a session of HTTP/2. */
export type Carrier = EventEmitter

/** The open exchanges of one carrier, as a list through the exchanges themselves. */
interface Connection {
  first: Exchange | undefined
  /** Why Node closes the connection, where it does. */
  closeReason: CloseReason | undefined
}

/** The exchanges of `store` that are open now, without those that came without a connection. */
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

/** Where a response has its exchanges. */
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

/** Where a connection has those that are open on it. */
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
    // A request that a test injects has a socket that no server gave it, and that never closes.
    if ('server' in carrier || 'alpnProtocol' in carrier) CONNECTIONS.add(connection)
    // Before the application is told that its client has left: what it answers then is sent to nobody.
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
