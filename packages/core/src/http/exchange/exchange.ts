import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ErrorCategory, StreamKind } from '../../definitions/label-values.ts'
import type { RequestLike } from '../labels/request-like.ts'
import type { RouteOf, RouteSource } from '../labels/route-of.ts'
import type { Counted, Measurements } from '../series/counted.ts'
import type { ExchangeOwner } from './exchange-owner.ts'

/**
 * One request and its response. It begins once and ends once; how it ended is written into it, so an exchange allocates
 * one object and no function.
 *
 * - `response`: followed on a response of Node until that, or its connection, closes (`follow.ts`)
 * - `upgrade`: a connection that leaves HTTP, until it closes (`upgrades.ts`)
 * - `manual`: ended by its caller, where there is no response of Node (`manual-exchange.ts`)
 */
export class Exchange implements Counted {
  readonly owner: ExchangeOwner
  readonly kind: 'response' | 'upgrade' | 'manual'
  readonly request: RequestLike
  /** Only of the kind `response`. */
  readonly response: ServerResponse | undefined
  readonly startedAt: number
  routeOf: RouteOf<unknown>
  context: unknown
  /** The route source of the enclosing framework, which is asked if the inner framework knows no route. */
  outer: RouteSource | undefined = undefined
  /** True once the framework has reported that no route matched. */
  isUnrouted = false
  /** The thrown value, unchanged; null if undefined was thrown. */
  error: unknown = undefined
  isOpen = true
  openSlot = 0
  stream: StreamKind | undefined = undefined
  measurements: Measurements | undefined = undefined

  method = 0
  route = ''
  /** 0 until it is known. */
  status = 0
  category: string | undefined = undefined
  seconds: number = Number.NaN

  /** Whether the head of its response had been sent when its connection failed; undefined unless it failed. */
  wasBegunAtFailure: boolean | undefined = undefined
  /** The status that was written to its connection instead of its response. */
  refusal: number | undefined = undefined
  /** The exchange of another owner with the same response. */
  sibling: FollowedExchange | undefined = undefined
  connection: Connection | undefined = undefined
  before: FollowedExchange | undefined = undefined
  after: FollowedExchange | undefined = undefined

  constructor(
    owner: ExchangeOwner,
    kind: Exchange['kind'],
    request: RequestLike,
    response: ServerResponse | undefined,
    routeOf: RouteOf<unknown>,
    context: unknown,
  ) {
    this.owner = owner
    this.kind = kind
    this.request = request
    this.response = response
    this.routeOf = routeOf
    this.context = context
    this.startedAt = performance.now()
  }
}

/** An exchange that is followed on a response of Node. */
export type FollowedExchange = Exchange & { readonly request: IncomingMessage; readonly response: ServerResponse }

/** The open exchanges of one carrier, a linked list through the exchanges themselves. */
export interface Connection {
  first: FollowedExchange | undefined
  /** Why Node closes the connection; undefined if it does not. */
  closeReason: CloseReason | undefined
}

/** Why a connection is closed: the error category of its exchanges. */
export type CloseReason = Extract<ErrorCategory, 'protocol' | 'timeout'>
