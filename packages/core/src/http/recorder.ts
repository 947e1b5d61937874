import type { IncomingMessage, ServerResponse } from 'node:http'
import { DURATION_BUCKETS } from '../metrics.ts'
import { checkOptions, isBuckets, isFunction, type Shape } from '../options.ts'
import type { Store } from '../store/store.ts'
import { CLIENT_CLOSED, categoryOf, evidenceOf } from './category.ts'
import { Exchange, type ExchangeOwner, exchangeOf, noteEvidence, type RouteOf, settle, watch } from './follow.ts'
import { methodIndexOf, UNKNOWN_ROUTE, unroutedOf } from './labels.ts'
import { isAborted, isOver, statusOf } from './outcome.ts'
import { HttpSeries } from './series.ts'

export type { RouteOf } from './follow.ts'

/** What options are told of a request: an `IncomingMessage`, or a `Request` where there is no Node server. */
export interface RequestLike {
  readonly method?: string | undefined
  /** As the request has it: the path and query on Node, absolute in a `Request`. */
  readonly url?: string | undefined
  readonly headers: object
}

/** How HTTP exchanges are recorded. */
export type HttpOptions = {
  /** Upper bounds of the duration histogram, in seconds, without +Inf. @default DURATION_BUCKETS */
  readonly buckets?: readonly number[] | undefined
  /** Says which requests are not recorded at all; called when each begins. @default none */
  readonly ignore?: ((request: RequestLike) => boolean) | undefined
  /**
   * Changes a route before it becomes a label: `_unmatched`, `_middleware` and `_unknown` come by here too. Answer one of a few
   * texts, and never the path. @default the route as it is
   */
  readonly normalizeRoute?: ((route: string, request: RequestLike) => string) | undefined
}

/** How each of the HTTP options is checked; for those who take them among others. */
export const HTTP_SHAPE: Shape<HttpOptions> = {
  buckets: isBuckets,
  ignore: isFunction('Give a function that takes the request and answers whether to leave it out.'),
  normalizeRoute: isFunction('Give a function that takes the route and answers the one to record.'),
}

/** An exchange of a runtime without a `ServerResponse`. */
export interface OpenExchange {
  /**
   * Records how it ended: the route's template or undefined where none answered, the status that was sent (499 where
   * the client left before any was), and the error if one was thrown. Later calls do nothing. Never throws.
   */
  end(route: string | undefined, statusCode: number, error?: unknown): void
}

/** Records HTTP exchanges into a store. Nothing that it does while requests are served throws. */
export class HttpRecorder implements ExchangeOwner {
  readonly store: Store
  readonly #series: HttpSeries
  readonly #ignore: HttpOptions['ignore']
  readonly #normalizeRoute: HttpOptions['normalizeRoute']

  /** @throws ERR_PROMHERD_UNKNOWN_OPTION, ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_FAMILY_CONFLICT */
  constructor(store: Store, options: HttpOptions = {}) {
    checkOptions('the HTTP options', options, HTTP_SHAPE)
    this.store = store
    this.#series = new HttpSeries(store, options.buckets ?? DURATION_BUCKETS)
    this.#ignore = options.ignore
    this.#normalizeRoute = options.normalizeRoute
  }

  /**
   * Follows one exchange until its response closes. Where it is followed already, for the same store, only the route
   * is taken from here: the inner layer knows it better. Never throws.
   */
  follow<Context>(
    request: IncomingMessage,
    response: ServerResponse,
    routeOf: RouteOf<Context>,
    context: Context,
  ): void {
    try {
      const followed = exchangeOf(response, this.store)
      if (followed !== undefined) {
        followed.routeOf = routeOf as RouteOf<unknown>
        followed.context = context
      } else if (!this.#ignores(request)) {
        const exchange = new Exchange(this, request, response, routeOf as RouteOf<unknown>, context)
        watch(exchange)
        this.#series.addInFlight(1)
        if (isOver(request, response)) settleUnrouted(exchange)
      }
    } catch (error) {
      this.store.trouble('http', `an exchange could not be followed: ${String(error)}`)
    }
  }

  /** Keeps the error that ended an exchange, as evidence for its category. Never throws. */
  fail(response: ServerResponse, error: unknown): void {
    try {
      noteEvidence(response, evidenceOf(error))
    } catch (trouble) {
      this.store.trouble('http', `an error could not be read: ${String(trouble)}`)
    }
  }

  /** Begins an exchange that has no `ServerResponse` to follow. Never throws. */
  begin(request: RequestLike): OpenExchange {
    if (this.#ignores(request)) return IGNORED
    this.#series.addInFlight(1)
    return new Begun(request, this.#end)
  }

  /**
   * Counts an exchange that has ended: `route` is a template or one of a few texts, `seconds` the time from the
   * request to the last byte. For those who follow exchanges themselves. Never throws.
   */
  record(method: string, route: string, statusCode: number, seconds: number): void {
    const category = categoryOf(statusCode, statusCode === CLIENT_CLOSED, undefined)
    this.#series.count(methodIndexOf(method), route, statusCode, Math.max(0, seconds || 0), category)
  }

  /** Internal: how an exchange says that it has ended. */
  settled(exchange: Exchange): void {
    this.#series.addInFlight(-1)
    try {
      const { request, response } = exchange
      const seconds = (performance.now() - exchange.startedAt) / 1000
      const aborted = isAborted(request, response)
      const status = statusOf(response, aborted)
      const route = this.#normalized(this.#routeOf(exchange, status), request)
      const category = categoryOf(status, aborted, exchange.evidence)
      this.#series.count(methodIndexOf(request.method), route, status, seconds, category)
    } catch (error) {
      this.store.trouble('http', `an exchange could not be recorded: ${String(error)}`)
    }
  }

  readonly #end = (begun: Begun, route: string | undefined, status: number, error: unknown): void => {
    this.#series.addInFlight(-1)
    try {
      const seconds = (performance.now() - begun.startedAt) / 1000
      const evidence = error === undefined ? undefined : evidenceOf(error)
      const category = categoryOf(status, status === CLIENT_CLOSED, evidence)
      const label = this.#normalized(route ?? unroutedOf(status), begun.request)
      this.#series.count(methodIndexOf(begun.request.method), label, status, seconds, category)
    } catch (trouble) {
      this.store.trouble('http', `an exchange could not be recorded: ${String(trouble)}`)
    }
  }

  #ignores(request: RequestLike): boolean {
    if (this.#ignore === undefined) return false
    try {
      return this.#ignore(request)
    } catch (error) {
      this.store.trouble('callback', `the option \`ignore\` threw: ${String(error)}`)
      return false
    }
  }

  #routeOf(exchange: Exchange, status: number): string {
    try {
      const route = exchange.routeOf(exchange.context)
      return typeof route === 'string' ? route : unroutedOf(status)
    } catch (error) {
      this.store.trouble('callback', `the route could not be told: ${String(error)}`)
      return UNKNOWN_ROUTE
    }
  }

  #normalized(route: string, request: RequestLike): string {
    if (this.#normalizeRoute === undefined) return route
    try {
      const normalized: unknown = this.#normalizeRoute(route, request)
      if (typeof normalized === 'string') return normalized
      this.store.trouble('callback', 'the option `normalizeRoute` answered something that is no text')
      return route
    } catch (error) {
      this.store.trouble('callback', `the option \`normalizeRoute\` threw: ${String(error)}`)
      return route
    }
  }
}

/** For a client that left before the exchange was followed: no router has seen the request. */
function settleUnrouted(exchange: Exchange): void {
  exchange.routeOf = unknownRoute
  settle(exchange)
}

/** The route of those who cannot know it. */
export function unknownRoute(): string {
  return UNKNOWN_ROUTE
}

/** An exchange that was begun by hand. */
class Begun implements OpenExchange {
  readonly request: RequestLike
  readonly startedAt: number = performance.now()
  #end: ((begun: Begun, route: string | undefined, status: number, error: unknown) => void) | undefined

  constructor(
    request: RequestLike,
    end: (begun: Begun, route: string | undefined, status: number, e: unknown) => void,
  ) {
    this.request = request
    this.#end = end
  }

  end(route: string | undefined, statusCode: number, error?: unknown): void {
    const end = this.#end
    this.#end = undefined
    end?.(this, route, statusCode, error)
  }
}

const IGNORED: OpenExchange = { end: () => {} }
