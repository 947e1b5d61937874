import type { Store } from '../../store/store.ts'
import { categorizerOf, type UserCategorizer } from '../category/custom-categories.ts'
import { InferredRoutes } from '../inferred-routes/inferred-routes.ts'
import { MIDDLEWARE, UNKNOWN_ROUTE } from '../labels/labels.ts'
import type { RequestLike } from '../labels/request-like.ts'
import { type FailedExchange, type HttpOptions, ignoreOf, routesOf, urlOf } from './http-options.ts'

/** The options that are called with each exchange. If one of them throws, that is reported and has no other effect. */
export class Callbacks {
  /** Undefined if the user has given none. */
  readonly categorize: UserCategorizer<FailedExchange> | undefined
  readonly #store: Store
  readonly #ignore: ((request: RequestLike) => boolean) | undefined
  readonly #normalizeRoute: HttpOptions['normalizeRoute']
  readonly #inferred: InferredRoutes | undefined

  /** @throws ERR_PROMHERD_BAD_OPTION */
  constructor(store: Store, options: HttpOptions) {
    this.#store = store
    const reportError = (message: string): void => store.reportError('callback', message)
    this.categorize = categorizerOf('the HTTP options', options, reportError)
    this.#ignore = ignoreOf(options.ignore)
    this.#normalizeRoute = options.normalizeRoute
    this.#inferred = routesOf(options) === 'inferred' ? new InferredRoutes() : undefined
  }

  /** True for a request that must not be recorded. Never throws. */
  ignores(request: RequestLike): boolean {
    if (this.#ignore === undefined) return false
    try {
      return this.#ignore(request)
    } catch (error) {
      this.#store.reportError('callback', `the option \`ignore\` threw: ${String(error)}`)
      return false
    }
  }

  /** The route label of an exchange whose source of the route returned `route`. Never throws. */
  labelOf(route: string, status: number, request: RequestLike): string {
    // A route from a framework is better than one that is inferred from a path.
    const isNone = route === UNKNOWN_ROUTE || route === MIDDLEWARE
    const inferred = isNone ? this.#inferred?.routeOf(request.method, urlOf(request), status) : undefined
    return this.normalized(inferred ?? route, request)
  }

  /** The route that the option `normalizeRoute` returns for `route`. Never throws. */
  normalized(route: string, request: RequestLike): string {
    if (this.#normalizeRoute === undefined) return route
    try {
      const normalized: unknown = this.#normalizeRoute(route, request)
      if (typeof normalized === 'string') return normalized
      this.#store.reportError('callback', 'the option `normalizeRoute` returned something that is not a string')
      return route
    } catch (error) {
      this.#store.reportError('callback', `the option \`normalizeRoute\` threw: ${String(error)}`)
      return route
    }
  }
}
