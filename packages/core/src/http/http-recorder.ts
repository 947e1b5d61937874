import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkOptions } from '../base/check-options.ts'
import type { Store } from '../store/store.ts'
import { categoryOfStatus } from './category/category.ts'
import { Exchange, type FollowedExchange } from './exchange/exchange.ts'
import { ExchangeOwner } from './exchange/exchange-owner.ts'
import { follow, settle, transfer } from './exchange/follow.ts'
import { exchangeOf, noteError } from './exchange/followed-exchanges.ts'
import { IGNORED, ManualExchange, type OpenExchange } from './exchange/manual-exchange.ts'
import { isPlaceholder, nameInside, unknownRoute } from './exchange/route-source.ts'
import { routeUpgrade } from './exchange/upgrades.ts'
import { registerFallback, yieldTo } from './fallback.ts'
import type { RequestLike } from './labels/request-like.ts'
import type { RouteOf } from './labels/route-of.ts'
import { Callbacks } from './options/callbacks.ts'
import { FOREIGN_OPTIONS } from './options/foreign-options.ts'
import { HTTP_SHAPE, type HttpOptions } from './options/http-options.ts'
import type { MonitorRecorder } from './recorder.ts'
import { isOver } from './response/response-state.ts'
import { HttpSeries } from './series/series.ts'
import { seeUnfollowed } from './watch/unfollowed.ts'
import { type RequestServer, watchServer } from './watch/watch-server.ts'

/** Records HTTP exchanges into a store. */
export class HttpRecorder implements MonitorRecorder {
  readonly store: Store
  readonly owner: ExchangeOwner
  /** The server that was watched last: usually there is only one. */
  #server: RequestServer | undefined
  /** True if each request of the servers is counted, even if the framework answers it before the adapter sees it. */
  #coversServers = false

  /**
   * A recorder with `onYield` is only a fallback: it leaves its exchanges to any other recorder of the same store that
   * has options of its own, and stops completely if the two conflict. `onYield` is called then.
   * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
   */
  constructor(store: Store, options: HttpOptions = {}, onYield?: () => void) {
    checkOptions('the HTTP options', options, HTTP_SHAPE, FOREIGN_OPTIONS)
    const callbacks = new Callbacks(store, options)
    const declare = (): HttpSeries => new HttpSeries(store, options)
    const series = onYield === undefined ? yieldTo(store, declare) : declare()
    const isPlain = Object.values(options).every(option => option === undefined)
    this.store = store
    this.owner = new ExchangeOwner(store, series, callbacks, isPlain, onYield)
    if (onYield === undefined) series.claim()
    else registerFallback(this.owner)
  }

  follow<Context>(
    request: IncomingMessage,
    response: ServerResponse,
    routeOf: RouteOf<Context>,
    context: Context,
  ): void {
    const { owner } = this
    if (owner.hasYielded) return
    try {
      // An upgraded request may have no response, or a placeholder.
      if ((request as { upgrade?: boolean }).upgrade === true) {
        routeUpgrade(owner, request, routeOf as RouteOf<unknown>, context)
        return
      }
      const followed = exchangeOf(response, owner.store)
      // A caller that knows no route leaves it to others.
      const knows = followed === undefined || !isPlaceholder(routeOf)
      if (followed !== undefined && !transfer(followed, owner)) {
        if (knows) nameFollowed(followed, routeOf as RouteOf<unknown>, context)
      } else if (!owner.callbacks.ignores(request)) {
        const { server } = request.socket as { server?: RequestServer }
        if (server !== this.#server && server !== undefined) this.watch(server)
        const route = knows ? (routeOf as RouteOf<unknown>) : followed.routeOf
        const known: unknown = knows ? context : followed.context
        const exchange = new Exchange(owner, 'response', request, response, route, known) as FollowedExchange
        follow(exchange)
        if (isOver(request, response)) settleUnrouted(exchange)
      }
    } catch (error) {
      this.store.reportError('http', `an exchange could not be followed: ${String(error)}`)
    }
  }

  begin(request: RequestLike, context?: unknown): OpenExchange {
    return this.owner.callbacks.ignores(request) ? IGNORED : new ManualExchange(this.owner, request, context)
  }

  record(method: string, route: string, statusCode: number, seconds: number): void {
    const category = categoryOfStatus(statusCode)
    this.owner.series.countUnfollowed(method, route, statusCode, category, Math.max(0, seconds || 0))
  }

  fail(response: ServerResponse, error: unknown): void {
    try {
      noteError(response, error)
    } catch (thrown) {
      this.store.reportError('http', `an error could not be read: ${String(thrown)}`)
    }
  }

  watch(server: RequestServer, bareRouteOf?: RouteOf<IncomingMessage>): () => void {
    const { owner } = this
    this.#server = server
    owner.bareRouteOf = bareRouteOf
    if (this.#coversServers) seeUnfollowed(server, owner)
    const stop = watchServer(server, owner)
    if (owner.onYield !== undefined) owner.stops.push(stop)
    return stop
  }

  coverServers(): void {
    if (this.#coversServers) return
    this.#coversServers = true
    // So that the server is watched again at the next request.
    this.#server = undefined
  }

  reportError(message: string): void {
    this.owner.reportError(message)
  }

  /** True if the labels of an exchange follow from its method, route and status alone. */
  get knowsLabels(): boolean {
    return this.owner.series.knowsLabels
  }

  initialize(method: string, route: string, statusCode = 200): void {
    if (!this.knowsLabels) return
    const label = this.owner.callbacks.normalized(route, { method, url: route, headers: {} })
    this.owner.series.initialize(method, label, statusCode)
  }
}

/** The route function of a bare server is no longer called once a framework names the route. */
function nameFollowed(followed: FollowedExchange, routeOf: RouteOf<unknown>, context: unknown): void {
  if (followed.routeOf === followed.owner.bareRouteOf) Object.assign(followed, { routeOf, context })
  else nameInside(followed, routeOf, context)
}

/** For a client that left before the exchange was followed: no router has seen the request. */
function settleUnrouted(exchange: FollowedExchange): void {
  exchange.routeOf = unknownRoute
  settle(exchange)
}
