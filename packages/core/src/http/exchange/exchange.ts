import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ErrorCategory } from '../../definitions/metrics.ts'
import type { Detail } from '../series/details.ts'

/**
 * One request and its response, begun once for each response and settled once, at the first event that ends it. An
 * exchange allocates one object and no function: the listeners are shared and find the exchange on their response.
 */
export class Exchange {
  readonly owner: ExchangeOwner
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly startedAt: number
  routeOf: RouteOf<unknown>
  context: unknown
  /** The next source of the route if the innermost knows none: an outer framework that contains the inner one. */
  outer: RouteSource | undefined = undefined
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
  sibling: Exchange | undefined = undefined
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
    this.startedAt = performance.now()
  }
}

/**
 * Returns the route template of an exchange, or undefined if no route handled it. Called when the response has closed.
 * `outer` is the source of the framework that called this one, if another one did.
 */
export type RouteOf<Context> = (context: Context, outer?: RouteSource) => string | undefined

/** A source of a route, with what it knows of the request. */
export interface RouteSource {
  readonly routeOf: RouteOf<unknown>
  readonly context: unknown
  readonly outer?: RouteSource | undefined
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

/** The open exchanges of one carrier, a linked list through the exchanges themselves. */
export interface Connection {
  first: Exchange | undefined
  /** Why Node closes the connection; undefined if it does not. */
  closeReason: CloseReason | undefined
}

/** Why a connection is closed: the error category of its exchanges. */
export type CloseReason = Extract<ErrorCategory, 'protocol' | 'timeout'>
