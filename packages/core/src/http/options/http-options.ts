import type { ServerResponse } from 'node:http'
import {
  type Check,
  isAnything,
  isBoolean,
  isBuckets,
  isFunction,
  isInteger,
  isOneOf,
  type Shape,
} from '../../base/check-options.ts'
import { readVariable } from '../../base/environment.ts'
import { promherdError } from '../../base/errors.ts'
import type { ErrorFacts } from '../category/category.ts'
import { isLabels, type LabelOptions } from '../labels/label-options.ts'
import { NAMINGS, type NamingName } from '../labels/namings.ts'
import type { RequestLike } from '../labels/request-like.ts'

/** The options of recording HTTP exchanges. Each option is described in docs/options.md too. */

/**
 * A user's function. Declared as a method, so that its parameters may have types of the user's own, such as Express's
 * `Request`.
 */
type Callback<Given extends readonly unknown[], Answer> = { call(...given: Given): Answer }['call']

/** A failed exchange, as `categorize` is called with it. */
export interface FailedExchange<Request = RequestLike, Response = ServerResponse> extends ErrorFacts {
  readonly request: Request
  /** Undefined where there is no Node server. */
  readonly response: Response | undefined
  /** The route label. */
  readonly route: string
}

/** The source of the routes. */
const ROUTE_SOURCES = ['framework', 'inferred'] as const
type RouteSource = (typeof ROUTE_SOURCES)[number]

/**
 * How HTTP exchanges are recorded. Each adapter defines which objects of its framework the functions are called with:
 * the request, the response, and the framework's own context.
 */
export type HttpOptions<Request = RequestLike, Context = unknown, Response = ServerResponse> = {
  /** Upper bounds of the time histograms, in seconds, without +Inf. @default DURATION_BUCKETS */
  readonly buckets?: readonly number[] | undefined
  /** User-defined labels: constant strings, and values that are computed and bounded. @default none */
  readonly labels?: LabelOptions<Request, Context, Response> | undefined
  /** Also measures the sizes of bodies, in bytes as transferred. Needs a Node server. @default false */
  readonly bodySize?: boolean | undefined
  /** Also measures the time until the head of the response was sent. Needs a Node server. @default false */
  readonly timeToFirstByte?: boolean | undefined
  /** The metric names: Prometheus' customs, or OpenTelemetry's conventions. @default 'prometheus' */
  readonly naming?: NamingName | undefined
  /** Maximum number of series of a family in each worker; all others share one, `_overflow`. @default 1000 */
  readonly maxSeries?: number | undefined
  /**
   * Requests that are not recorded at all: a list of paths, compared as a whole and without the query, and of regular
   * expressions that the path is tested with; or a function that is called when each exchange begins. @default none
   */
  readonly ignore?: readonly (string | RegExp)[] | Callback<[request: Request], boolean> | undefined
  /**
   * Changes a route before it becomes a label; it is called with `_unmatched` and `_unknown` too. Return one of a few
   * strings, and never the path. @default the route is not changed
   */
  readonly normalizeRoute?: Callback<[route: string, request: Request], string> | undefined
  /**
   * The source of routes that no framework reports: `inferred` learns templates from the paths of successful responses;
   * their route would otherwise be `_unknown` or `_middleware`. @default 'framework': from frameworks only
   */
  readonly routes?: RouteSource | undefined
  /**
   * Returns the category of an exchange that failed: one of promherd's or of `categories`, or undefined to let promherd
   * decide. `error` is undefined if nothing was thrown. @default promherd's own
   */
  readonly categorize?:
    | Callback<[error: unknown, exchange: FailedExchange<Request, Response>], string | undefined>
    | undefined
  /** Names besides promherd's own that `categorize` may return: at most 20, in lower case. @default [] */
  readonly categories?: readonly string[] | undefined
}

const isIgnore: Check = (name, value) => {
  if (typeof value === 'function') return
  const isPath = (path: unknown): boolean =>
    path instanceof RegExp || (typeof path === 'string' && /^\/[^?#]*$/.test(path))
  if (Array.isArray(value) && value.every(isPath)) return
  const remedy =
    'Give paths that begin with a slash and have no query, regular expressions, or a function that takes the request.'
  throw promherdError(
    'ERR_PROMHERD_BAD_OPTION',
    name,
    'a list of paths and regular expressions, or a function',
    value,
    remedy,
  )
}

/** How each of the HTTP options is checked; also for functions that take them among other options. */
export const HTTP_SHAPE: Shape<HttpOptions> = {
  buckets: isBuckets,
  labels: isLabels,
  bodySize: isBoolean('Set it to true to measure bodies.'),
  timeToFirstByte: isBoolean('Set it to true to measure the time to the first byte.'),
  naming: isOneOf(NAMINGS, 'Leave it out for the names that dashboards for Prometheus expect.'),
  maxSeries: isInteger(1, 1_000_000, 'Give the number of series that a family may have in each worker.'),
  ignore: isIgnore,
  normalizeRoute: isFunction('Give a function that takes the route and returns the one to record.'),
  routes: isOneOf(ROUTE_SOURCES, "Leave it out, or set it to 'inferred' where no framework reports the routes."),
  categorize: isFunction('Give a function that takes the error and returns a category, or undefined.'),
  // Checked together with the reserved names when the categorizer is created.
  categories: isAnything,
}

/** The option `ignore` as a function; undefined if nothing is ignored. */
export function ignoreOf(option: HttpOptions['ignore']): ((request: RequestLike) => boolean) | undefined {
  if (option === undefined || typeof option === 'function') return option
  const paths = new Set(option)
  // An expression with the flags `g` or `y` keeps the position of its last match.
  const patterns = option.flatMap(each =>
    each instanceof RegExp ? new RegExp(each.source, each.flags.replace(/[gy]/g, '')) : [],
  )
  return request => {
    const path = pathOf(request)
    return paths.has(path) || patterns.some(pattern => pattern.test(path))
  }
}

/** The option `routes`, else the environment variable. @throws ERR_PROMHERD_BAD_OPTION, naming the variable */
export function routesOf({ routes }: HttpOptions): RouteSource | undefined {
  return routes ?? (readVariable('PROMHERD_ROUTES', HTTP_SHAPE.routes) as RouteSource | undefined)
}

/** The URL as the client requested it: Express changes `url` below a mount. */
export function urlOf(request: RequestLike & { readonly originalUrl?: unknown }): string {
  return typeof request.originalUrl === 'string' ? request.originalUrl : (request.url ?? '')
}

/** Its path; the URL of a `Request` is absolute. */
function pathOf(request: RequestLike): string {
  const url = urlOf(request)
  if (!url.startsWith('/')) return URL.canParse(url) ? new URL(url).pathname : ''
  const end = url.search(/[?#]/)
  return end < 0 ? url : url.slice(0, end)
}
