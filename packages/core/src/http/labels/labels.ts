/** The possible label values of HTTP metrics: closed sets, and templates that only the application can add to. */

/** The methods of RFC 9110 and PATCH (RFC 5789). Any other method that a client sends is `_OTHER`, the last one. */
export const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  '_OTHER',
] as const

/** The route of a request that matched no route of the application. */
export const UNMATCHED = '_unmatched'

/** The route of a request that was not answered by a route, but by a middleware or the router itself. */
export const MIDDLEWARE = '_middleware'

/** A value that is not in its closed set. */
export const OTHER = '_other'

/** A value that could not be determined. */
export const UNKNOWN = '_unknown'

/** The route of a request if it cannot be determined: a bare server, or a callback that threw. */
export const UNKNOWN_ROUTE: typeof UNKNOWN = UNKNOWN

/** The route of a request that Node itself refused before it was routed. */
export const REFUSED = '_refused'

/** The route of a request that called several routes at once: each combination would be a series of its own. */
export const BATCH = '_batch'

/** False for the placeholders of requests without a route. */
export function isTemplate(route: string): boolean {
  return !NO_ROUTES.has(route)
}

const NO_ROUTES: ReadonlySet<string> = new Set([UNMATCHED, MIDDLEWARE, UNKNOWN_ROUTE, REFUSED, BATCH])

/** The placeholder for a request that no route handled: `_unmatched` if its path or method was not found. */
export function unroutedOf(status: number): string {
  return isUnmatched(status) ? UNMATCHED : MIDDLEWARE
}

/** True for the statuses that report that no route was found: 404, and 405 and 501 for the method. */
export function isUnmatched(status: number): boolean {
  return status === 404 || status === 405 || status === 501
}

const INDEXES: ReadonlyMap<string, number> = new Map(METHODS.map((method, index) => [method, index]))

/** The index of `method` in METHODS; methods are case-sensitive (RFC 9110, 9.1). */
export function methodIndexOf(method: string | undefined): number {
  return INDEXES.get(method as string) ?? METHODS.length - 1
}
