import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { checkOptions } from '../base/check-options.ts'
import { shared } from '../base/shared.ts'
import type { StreamKind } from '../definitions/metrics.ts'
import type { Store } from '../store/store.ts'
import { categoryOf, categoryOfStatus, type ErrorFacts } from './category/category.ts'
import { categorizerOf, type UserCategorizer } from './category/custom-categories.ts'
import { openExchanges } from './exchange/connection.ts'
import { Exchange, type ExchangeOwner, type RouteOf, type RouteSource } from './exchange/exchange.ts'
import { abortedStatusOf, failureOf } from './exchange/failure.ts'
import { drop, settle, watch } from './exchange/follow.ts'
import { exchangeOf, noteError } from './exchange/followed.ts'
import { Begun, type End, IGNORED, type OpenExchange } from './exchange/manual-exchange.ts'
import { asPlaceholder, isPlaceholder, nameInside } from './exchange/route-source.ts'
import { Upgrade, type UpgradeOwner, upgradeOf } from './exchange/upgrades.ts'
import { socketPathOf, watchWebSockets } from './exchange/websockets.ts'
import { inPlaceOfStandIn, standIn } from './fallback.ts'
import { InferredRoutes } from './inferred-routes/inferred-routes.ts'
import { MIDDLEWARE, REFUSED, UNKNOWN_ROUTE, unroutedOf } from './labels/labels.ts'
import type { RequestLike } from './labels/request-like.ts'
import { FOREIGN_OPTIONS } from './options/foreign-options.ts'
import { type FailedExchange, HTTP_SHAPE, type HttpOptions, ignoreOf, routesOf, urlOf } from './options/http-options.ts'
import { isEventStream } from './response/event-stream.ts'
import { CLIENT_CLOSED, isAborted, isOver, statusOnWire, wasBegun } from './response/response-state.ts'
import { type Detail, detailsOf, type HttpDetails } from './series/details.ts'
import { HttpSeries } from './series/series.ts'
import { warnBehindRoutes } from './watch/placement-warning.ts'
import type { ServerWatcher } from './watch/server-watcher.ts'
import { seeUnfollowed, type UnfollowedCounter } from './watch/unfollowed.ts'
import { type RequestServer, watchServer } from './watch/watch-server.ts'

/** Records HTTP exchanges into a store. Nothing that it does while requests are served throws. */
export class HttpRecorder implements ExchangeOwner, ServerWatcher, UpgradeOwner, UnfollowedCounter {
  readonly store: Store
  readonly #series: HttpSeries
  readonly #details: HttpDetails | undefined
  readonly #categorize: UserCategorizer<FailedExchange> | undefined
  readonly #ignore: ((request: RequestLike) => boolean) | undefined
  /** The server that was watched last: usually there is only one. */
  #server: RequestServer | undefined
  #bareRouteOf: RouteOf<IncomingMessage> | undefined
  readonly #normalizeRoute: HttpOptions['normalizeRoute']
  readonly #inferred: InferredRoutes | undefined
  /** True if each request of the servers is counted, even if the framework answers it before the adapter sees it. */
  #coversServers = false
  #hasWarned = false
  /** Called when this recorder yields; set only if it is a fallback. */
  readonly #onGiveWay: (() => void) | undefined
  readonly #watches: (() => void)[] = []
  #hasGivenWay = false
  readonly #isPlain: boolean

  /**
   * A recorder with `onGiveWay` is only a fallback: it leaves its exchanges to any other recorder of the same store
   * that has options of its own, and stops completely if the two conflict.
   * @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT
   */
  constructor(store: Store, options: HttpOptions = {}, onGiveWay?: () => void) {
    checkOptions('the HTTP options', options, HTTP_SHAPE, FOREIGN_OPTIONS)
    this.store = store
    this.#categorize = categorizerOf('the HTTP options', options, message => store.reportError('callback', message))
    const declared = () => {
      const series = new HttpSeries(store, options)
      return { series, details: detailsOf(store, options, series) }
    }
    const { series, details } = onGiveWay === undefined ? inPlaceOfStandIn(store, declared) : declared()
    this.#series = series
    this.#details = details
    if (onGiveWay === undefined) series.claim()
    else standIn(this)
    this.#ignore = ignoreOf(options.ignore)
    this.#normalizeRoute = options.normalizeRoute
    this.#inferred = routesOf(options) === 'inferred' ? new InferredRoutes() : undefined
    this.#onGiveWay = onGiveWay
    this.#isPlain = Object.values(options).every(option => option === undefined)
  }

  /**
   * Follows one exchange until its response closes. If it is already followed for the same store, only the route is
   * taken from this call: the inner layer has the more exact one. Never throws.
   */
  follow<Context>(
    request: IncomingMessage,
    response: ServerResponse,
    routeOf: RouteOf<Context>,
    context: Context,
  ): void {
    if (this.#hasGivenWay) return
    try {
      // An upgraded request may have no response, or a placeholder.
      if ((request as { upgrade?: boolean }).upgrade === true) {
        this.#routeUpgrade(request, routeOf as RouteOf<unknown>, context)
        return
      }
      const followed = exchangeOf(response, this.store)
      // A caller that knows no route leaves it to others.
      const knows = followed === undefined || !isPlaceholder(routeOf)
      if (followed !== undefined && !this.#takesOver(followed)) {
        if (knows) this.#nameFollowed(followed, routeOf as RouteOf<unknown>, context)
      } else if (!this.#ignores(request)) {
        const { server } = request.socket as { server?: RequestServer }
        if (server !== this.#server && server !== undefined) this.watch(server)
        const route = knows ? (routeOf as RouteOf<unknown>) : followed.routeOf
        const exchange = new Exchange(this, request, response, route, knows ? context : followed.context)
        this.#details?.begin(exchange)
        watch(exchange)
        this.#series.addInFlight(1, exchange.detail?.openSlot)
        if (isOver(request, response)) settleUnrouted(exchange)
      }
    } catch (error) {
      this.store.reportError('http', `an exchange could not be followed: ${String(error)}`)
    }
  }

  /**
   * Also counts events of `server` other than requests: requests that Node refuses, upgrades, timeouts. Called
   * automatically at the first request of a server. `bareRouteOf` names the routes if no framework does. Returns a
   * function that stops it. Never throws.
   */
  watch(server: RequestServer, bareRouteOf?: RouteOf<IncomingMessage>): () => void {
    this.#server = server
    this.#bareRouteOf = bareRouteOf
    if (this.#coversServers) seeUnfollowed(server, this)
    const unwatch = watchServer(server, this)
    if (this.#onGiveWay !== undefined) this.#watches.push(unwatch)
    return unwatch
  }

  /**
   * For an adapter that runs before all routes of its application: also counts the requests that the framework refuses
   * before the adapter sees them, on each server that is watched from now on. Never throws.
   */
  coverServers(): void {
    if (this.#coversServers) return
    this.#coversServers = true
    // So that the server is watched again at the next request.
    this.#server = undefined
  }

  /** Stores the error that ended an exchange, as evidence for its category. Never throws. */
  fail(response: ServerResponse, error: unknown): void {
    try {
      noteError(response, error)
    } catch (trouble) {
      this.store.reportError('http', `an error could not be read: ${String(trouble)}`)
    }
  }

  /**
   * Begins an exchange that has no `ServerResponse` to follow. `context` is the framework's own object, for computed
   * labels. Never throws.
   */
  begin(request: RequestLike, context?: unknown): OpenExchange {
    if (this.#ignores(request)) return IGNORED
    const exchange = new Begun(request, context, this.#end, () =>
      this.#series.addInFlight(-1, exchange.detail?.openSlot),
    )
    this.#details?.begin(exchange)
    this.#series.addInFlight(1, exchange.detail?.openSlot)
    return exchange
  }

  /**
   * Counts an exchange that has ended: `route` is a template or one of a few strings, `seconds` the time from the
   * request to the last byte. For callers that follow exchanges themselves. Never throws.
   */
  record(method: string, route: string, statusCode: number, seconds: number): void {
    const category = categoryOfStatus(statusCode)
    this.#count(undefined, method, route, statusCode, Math.max(0, seconds || 0), category)
  }

  /** True if the labels of an exchange follow from its method, route and status alone. */
  get knowsLabels(): boolean {
    const { naming, labels } = this.#series
    return !naming.isOpenTelemetry && labels.isConstant
  }

  /**
   * Creates the duration series of a route with the value 0 before its first exchange, so that the first one is seen as
   * an increase. Does nothing if the labels are not known in advance, or the family is full. Never throws.
   */
  initialize(method: string, route: string, statusCode = 200): void {
    if (!this.knowsLabels) return
    const label = this.#normalized(route, { method, url: route, headers: {} })
    this.#series.initialize(this.#series.naming.methodIndexOf(method), label, statusCode)
  }

  /** Internal: an exchange reports that it has ended. */
  settled(exchange: Exchange): void {
    if (this.#hasGivenWay) return
    let open: number | undefined
    if (exchange.isStream) this.#left('sse', exchange.detail)
    else open = exchange.detail?.openSlot ?? this.#series.openSlot
    try {
      const { request, response } = exchange
      exchange.isStream ||= isEventStream(request, response)
      const seconds = (performance.now() - exchange.startedAt) / 1000
      const aborted = isAborted(request, response)
      const status = aborted ? abortedStatusOf(exchange) : answeredStatusOf(exchange)
      const route = this.#labelOf(this.#routeOf(exchange, status), status, request)
      let category: string | undefined = aborted || status >= 400 ? failureOf(exchange, aborted, status) : undefined
      if (category !== undefined && this.#categorize !== undefined) {
        const headersSent = wasBegun(exchange)
        const statusCode = headersSent ? status : response.statusCode
        const facts = { statusCode, responseDestroyed: aborted, headersSent }
        category = this.#categorize(exchange.error ?? undefined, { ...facts, request, response, route }) ?? category
      }
      // The conventions of OpenTelemetry measure the duration of streams too, and have no other count of them.
      const time = exchange.isStream && !this.#series.naming.isOpenTelemetry ? undefined : seconds
      this.#count(exchange, request.method, route, status, time, category, open)
    } catch (error) {
      if (open !== undefined) this.#series.addInFlight(-1, open)
      this.store.reportError('http', `an exchange could not be recorded: ${String(error)}`)
    }
  }

  /** Internal: an open exchange reports that it must not be recorded. */
  leftOut(exchange: Exchange): void {
    if (!this.#hasGivenWay) this.#left(exchange.isStream ? 'sse' : undefined, exchange.detail)
  }

  /** Internal: an open exchange reports that it is a stream. */
  streams(exchange: Exchange): void {
    if (this.#hasGivenWay) return
    exchange.isStream = true
    this.#series.addInFlight(-1, exchange.detail?.openSlot)
    this.#series.addStreams('sse', 1)
  }

  /** Internal: a request that Node refused. */
  refused(method: string | undefined, statusCode: number): void {
    const category = statusCode === 408 ? 'timeout' : 'protocol'
    this.#count(undefined, method, REFUSED, statusCode, undefined, category)
  }

  /** Internal: a request that was answered before an adapter saw it. */
  unfollowed(request: IncomingMessage, response: ServerResponse): void {
    if (this.#hasGivenWay || this.#ignores(request)) return
    const { statusCode } = response
    if (statusCode >= 400) this.refused(request.method, statusCode)
    else {
      // The polling requests of socket.io pass through no framework.
      const path = socketPathOf(request)
      if (!this.#hasWarned && path === undefined) {
        warnBehindRoutes()
        this.#hasWarned = true
      }
      this.#count(undefined, request.method, path ?? MIDDLEWARE, statusCode, undefined, undefined)
    }
  }

  /** Internal: a connection that leaves HTTP. */
  upgraded(request: IncomingMessage, socket: Duplex): void {
    if (this.#ignores(request)) return
    watchWebSockets((socket as { readonly server?: object }).server)
    const upgrade = new Upgrade(this, request, socket, (this.#bareRouteOf ?? unknownRoute) as RouteOf<unknown>)
    this.#details?.begin(upgrade)
    this.#series.addInFlight(1, upgrade.detail?.openSlot)
  }

  /** Internal: an upgrade reports that it was accepted. */
  upgradeBegun(upgrade: Upgrade): void {
    this.#series.addInFlight(-1, upgrade.detail?.openSlot)
    this.#series.addStreams('upgrade', 1)
  }

  /** Internal: an upgrade reports that it has ended. */
  upgradeEnded(upgrade: Upgrade): void {
    const { request, statusCode, isStream, detail } = upgrade
    if (isStream || this.#hasGivenWay) this.#left(isStream ? 'upgrade' : undefined, detail)
    if (this.#hasGivenWay) return
    const open = isStream ? undefined : (detail?.openSlot ?? this.#series.openSlot)
    const route = this.#labelOf(this.#routeOf(upgrade, statusCode), statusCode, request)
    this.#count(upgrade, request.method, route, statusCode, undefined, categoryOfStatus(statusCode), open)
  }

  /** Internal: leaves all recording to the recorders that the application has created, including the open exchanges. */
  giveWay(isInTheWay: boolean): void {
    if (this.#hasGivenWay) return
    this.#hasGivenWay = true
    for (const unwatch of this.#watches) unwatch()
    for (const exchange of openExchanges(this.store)) {
      if (exchange.owner === this) this.#left(exchange.isStream ? 'sse' : undefined, exchange.detail)
    }
    if (isInTheWay) this.#series.withdraw()
    this.#onGiveWay?.()
  }

  /** True if a fallback followed the exchange and has handed it over. */
  #takesOver(followed: Exchange): boolean {
    const { owner } = followed
    return owner !== this && followed.isOpen && owner.leaves(followed, this.#isPlain)
  }

  /**
   * Internal: a fallback hands an exchange over to another recorder of its store, which may be from another copy of
   * this package.
   */
  leaves(exchange: Exchange, isToPlain: boolean): boolean {
    if (this.#onGiveWay === undefined || (isToPlain && !this.#hasGivenWay)) return false
    drop(exchange)
    this.leftOut(exchange)
    return true
  }

  #left(kind: StreamKind | undefined, detail: Detail | undefined): void {
    if (kind === undefined) this.#series.addInFlight(-1, detail?.openSlot)
    else this.#series.addStreams(kind, -1)
  }

  /** The route function of a bare server is no longer called once a framework names the route. */
  #nameFollowed(followed: Exchange, routeOf: RouteOf<unknown>, context: unknown): void {
    const { owner } = followed
    const isBare = owner instanceof HttpRecorder && followed.routeOf === owner.#bareRouteOf
    if (isBare) Object.assign(followed, { routeOf, context })
    else nameInside(followed, routeOf, context)
  }

  /** A framework that handles an upgrade knows its route; how the upgrade ends is seen on the connection. */
  #routeUpgrade(request: IncomingMessage, routeOf: RouteOf<unknown>, context: unknown): void {
    const isLate = upgradeOf(request, this.store) === undefined
    if (isLate) this.upgraded(request, request.socket)
    const upgrade = upgradeOf(request, this.store)
    // Some frameworks see a connection only after it was accepted.
    if (isLate && request.socket.bytesWritten > 0) upgrade?.begun()
    if (upgrade !== undefined) Object.assign(upgrade, { routeOf, context, isUnnamed: isPlaceholder(routeOf) })
  }

  readonly #end: End = (begun, route, status, error) => {
    const open = begun.detail?.openSlot ?? this.#series.openSlot
    try {
      const { request } = begun
      const seconds = (performance.now() - begun.startedAt) / 1000
      const hasLeft = status === CLIENT_CLOSED
      const facts: ErrorFacts = { statusCode: status, responseDestroyed: hasLeft, headersSent: !hasLeft }
      const label = this.#labelOf(route ?? unroutedOf(status), status, request)
      let category: string | undefined = categoryOf(error, facts)
      if (category !== undefined && this.#categorize !== undefined) {
        category = this.#categorize(error, { ...facts, request, response: undefined, route: label }) ?? category
      }
      this.#count(begun, request.method, label, status, seconds, category, open)
    } catch (trouble) {
      this.#series.addInFlight(-1, open)
      this.store.reportError('http', `an exchange could not be recorded: ${String(trouble)}`)
    }
  }

  #count(
    exchange: Exchange | Begun | Upgrade | undefined,
    verb: string | undefined,
    route: string,
    status: number,
    seconds: number | undefined,
    category: string | undefined,
    open?: number,
  ): void {
    const method = this.#series.naming.methodIndexOf(verb)
    if (this.#details !== undefined) this.#details.count(exchange, { method, route, status, category, seconds, open })
    else if (seconds === undefined) this.#series.countUntimed(method, route, status, category, undefined, open)
    else this.#series.count(method, route, status, seconds, category, undefined, open)
  }

  #ignores(request: RequestLike): boolean {
    if (this.#ignore === undefined) return false
    try {
      return this.#ignore(request)
    } catch (error) {
      this.store.reportError('callback', `the option \`ignore\` threw: ${String(error)}`)
      return false
    }
  }

  #routeOf(exchange: Exchange | Upgrade, status: number): string {
    try {
      if (exchange instanceof Exchange && exchange.isUnrouted) return unroutedOf(status)
      const route = this.#namedRouteOf(exchange)
      if (typeof route === 'string' && route !== UNKNOWN_ROUTE) return route
      return socketPathOf(exchange.request) ?? route ?? unroutedOf(status)
    } catch (error) {
      this.store.reportError('callback', `the route could not be told: ${String(error)}`)
      return UNKNOWN_ROUTE
    }
  }

  #namedRouteOf(exchange: Exchange | Upgrade): string | undefined {
    for (let naming: RouteSource | undefined = exchange; naming !== undefined; naming = naming.outer) {
      const { outer } = naming
      const route = outer === undefined ? naming.routeOf(naming.context) : naming.routeOf(naming.context, outer)
      // If an outer source does not know the route, the search continues.
      if (typeof route === 'string' && (naming === exchange || route !== UNKNOWN_ROUTE)) return route
    }
    // A route that a framework does not name may belong to another framework, which the preload finds on the request.
    const route = this.#onGiveWay === undefined ? undefined : this.#bareRouteOf?.(exchange.request)
    return typeof route === 'string' && route !== UNKNOWN_ROUTE ? route : undefined
  }

  #labelOf(route: string, status: number, request: RequestLike): string {
    // A route from a framework is better than one that is inferred from a path.
    const isNone = route === UNKNOWN_ROUTE || route === MIDDLEWARE
    const inferred = isNone ? this.#inferred?.routeOf(request.method, urlOf(request), status) : undefined
    return this.#normalized(inferred ?? route, request)
  }

  #normalized(route: string, request: RequestLike): string {
    if (this.#normalizeRoute === undefined) return route
    try {
      const normalized: unknown = this.#normalizeRoute(route, request)
      if (typeof normalized === 'string') return normalized
      this.store.reportError('callback', 'the option `normalizeRoute` answered something that is no text')
      return route
    } catch (error) {
      this.store.reportError('callback', `the option \`normalizeRoute\` threw: ${String(error)}`)
      return route
    }
  }
}

/** The status can differ from the one that was sent only after an error, and reading it from the head costs time. */
function answeredStatusOf({ response, error }: Exchange): number {
  const { statusCode } = response
  return statusCode < 400 && error === undefined ? statusCode : statusOnWire(response)
}

/** For a client that left before the exchange was followed: no router has seen the request. */
function settleUnrouted(exchange: Exchange): void {
  exchange.routeOf = unknownRoute
  settle(exchange)
}

/** The route function of callers that cannot know the route. */
export const unknownRoute: RouteOf<unknown> = shared('unknown route', () => asPlaceholder(() => UNKNOWN_ROUTE))
