import type { ServerResponse } from 'node:http'
import { promherdError } from '../errors.ts'
import { type Check, isAnything, isBoolean, isBuckets, isFunction, isInteger, isOneOf, type Shape } from '../options.ts'
import { isLabels, type LabelOptions } from './custom-labels.ts'
import type { ErrorFacts } from './evidence.ts'
import { NAMINGS, type NamingName } from './naming.ts'

/** What may be asked of the recording of HTTP exchanges. Each option is described in docs/options.md too. */

/** What options are told of a request: an `IncomingMessage`, or a `Request` where there is no Node server. */
export interface RequestLike {
  readonly method?: string | undefined
  /** As the request has it: the path and query on Node, absolute in a `Request`. */
  readonly url?: string | undefined
  readonly headers: object
}

/**
 * A function of the user's. Declared as a method is, so that its parameters may have types of the user's own, such as
 * Express's `Request`.
 */
export type Callback<Given extends readonly unknown[], Answer> = { call(...given: Given): Answer }['call']

/** An exchange that failed, as `categorize` is told of it. */
export interface FailedExchange<Request = RequestLike, Response = ServerResponse> extends ErrorFacts {
  readonly request: Request
  /** Undefined where there is no Node server. */
  readonly response: Response | undefined
  /** The label of its route. */
  readonly route: string
}

/** Where the routes come from. */
export const ROUTE_SOURCES = ['framework', 'inferred'] as const
export type RouteSource = (typeof ROUTE_SOURCES)[number]

/**
 * How HTTP exchanges are recorded. Each adapter says what its framework gives to the functions among them: the request,
 * the response, and what the framework knows of the two.
 */
export type HttpOptions<Request = RequestLike, Context = unknown, Response = ServerResponse> = {
  /** Upper bounds of the histograms of time, in seconds, without +Inf. @default DURATION_BUCKETS */
  readonly buckets?: readonly number[] | undefined
  /** Labels of your own: constant texts, and values that are computed and bounded. @default none */
  readonly labels?: LabelOptions<Request, Context, Response> | undefined
  /** Also measures bodies, in bytes as they are transferred. Needs a Node server. @default false */
  readonly sizes?: boolean | undefined
  /** Also measures the time until the head of the response left. Needs a Node server. @default false */
  readonly firstByte?: boolean | undefined
  /** Whose names the metrics bear: Prometheus' customs, or OpenTelemetry's conventions. @default 'prometheus' */
  readonly naming?: NamingName | undefined
  /** Series that a family may have in each worker; the rest shares one, `_overflow`. @default 1000 */
  readonly maxSeries?: number | undefined
  /**
   * What is not recorded at all: a list of paths, compared whole and without the query, and of regular expressions that
   * the path is tested with; or a function that is called when each exchange begins. @default none
   */
  readonly ignore?: readonly (string | RegExp)[] | Callback<[request: Request], boolean> | undefined
  /**
   * Changes a route before it becomes a label: `_unmatched` and `_unknown` come by here too. Answer one of a few
   * texts, and never the path. @default the route as it is
   */
  readonly normalizeRoute?: Callback<[route: string, request: Request], string> | undefined
  /**
   * Where routes come from that no framework reports: `inferred` learns templates from the paths of successful answers,
   * where these would be `_unknown` or `_middleware`. @default 'framework': from frameworks only
   */
  readonly routes?: RouteSource | undefined
  /**
   * Answers the category of an exchange that failed: one of promherd's or of `categories`, or undefined to leave it
   * to promherd. `error` is undefined where nothing was thrown. @default promherd's own
   */
  readonly categorize?:
    | Callback<[error: unknown, exchange: FailedExchange<Request, Response>], string | undefined>
    | undefined
  /** Names besides promherd's own that `categorize` may answer: at most 20, in lower case. @default [] */
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

/** How each of the HTTP options is checked; for those who take them among others. */
export const HTTP_SHAPE: Shape<HttpOptions> = {
  buckets: isBuckets,
  labels: isLabels,
  sizes: isBoolean('Set it to true to measure bodies.'),
  firstByte: isBoolean('Set it to true to measure the time to the first byte.'),
  naming: isOneOf(NAMINGS, 'Leave it out for the names that dashboards for Prometheus expect.'),
  maxSeries: isInteger(1, 1_000_000, 'Give the number of series that a family may have in each worker.'),
  ignore: isIgnore,
  normalizeRoute: isFunction('Give a function that takes the route and answers the one to record.'),
  routes: isOneOf(ROUTE_SOURCES, "Leave it out, or set it to 'inferred' where no framework reports the routes."),
  categorize: isFunction('Give a function that takes the error and answers a category, or undefined.'),
  // With the names that are taken, by whoever makes the categorizer.
  categories: isAnything,
}

/** The option `ignore` as a function; undefined where nothing is to be ignored. */
export function ignoreOf(option: HttpOptions['ignore']): ((request: RequestLike) => boolean) | undefined {
  if (option === undefined || typeof option === 'function') return option
  const paths = new Set(option)
  // One with the flags `g` or `y` would remember where it found something last.
  const patterns = option.flatMap(each =>
    each instanceof RegExp ? new RegExp(each.source, each.flags.replace(/[gy]/g, '')) : [],
  )
  return request => {
    const path = pathOf(request)
    return paths.has(path) || patterns.some(pattern => pattern.test(path))
  }
}

/** The option `routes`, else what the environment says. @throws ERR_PROMHERD_BAD_OPTION, by the name of the variable */
export function routesOf({ routes }: HttpOptions): RouteSource | undefined {
  const fromEnvironment = process.env['PROMHERD_ROUTES'] || undefined
  if (routes !== undefined || fromEnvironment === undefined) return routes
  HTTP_SHAPE.routes('PROMHERD_ROUTES', fromEnvironment)
  return fromEnvironment as RouteSource
}

/** The URL as the client asked for it: Express changes `url` below a mount. */
export function urlOf(request: RequestLike & { readonly originalUrl?: unknown }): string {
  return typeof request.originalUrl === 'string' ? request.originalUrl : (request.url ?? '')
}

/** Its path; that of a `Request` is absolute. */
function pathOf(request: RequestLike): string {
  const url = urlOf(request)
  if (!url.startsWith('/')) return URL.canParse(url) ? new URL(url).pathname : ''
  const end = url.search(/[?#]/)
  return end < 0 ? url : url.slice(0, end)
}
