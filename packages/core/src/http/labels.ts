/** What may stand in the labels of HTTP metrics: closed sets, and templates that only the application can add to. */

/** The methods of RFC 9110 and PATCH (RFC 5789). Whatever else a client sends is `_OTHER`, the last one. */
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

/** The route of a request that no route of the application matched. */
export const UNMATCHED = '_unmatched'

/** The route of a request that something else than a route answered: a middleware, or the router itself. */
export const MIDDLEWARE = '_middleware'

/** A value that is not among those of a closed set. */
export const OTHER = '_other'

/** A value that could not be told. */
export const UNKNOWN = '_unknown'

/** The route of a request where nobody can say which route there was: a bare server, or a callback that threw. */
export const UNKNOWN_ROUTE: typeof UNKNOWN = UNKNOWN

/** The route of a request that Node refused itself, before there was anybody to route it. */
export const REFUSED = '_refused'

/** The route of a request that called several routes at once: there is a combination for each of them. */
export const BATCH = '_batch'

/** False for what stands in a route's place where there was none. */
export function isTemplate(route: string): boolean {
  return !NO_ROUTES.has(route)
}

const NO_ROUTES: ReadonlySet<string> = new Set([UNMATCHED, MIDDLEWARE, UNKNOWN_ROUTE, REFUSED, BATCH])

/** What stands for the route where none answered: what was not found, or not for this method, matched nothing. */
export function unroutedOf(status: number): string {
  return isUnmatched(status) ? UNMATCHED : MIDDLEWARE
}

/** True for the statuses that say that no route was found: 404, and 405 and 501 for the method. */
export function isUnmatched(status: number): boolean {
  return status === 404 || status === 405 || status === 501
}

const INDEXES: ReadonlyMap<string, number> = new Map(METHODS.map((method, index) => [method, index]))

/** Where `method` stands among METHODS; methods are case-sensitive (RFC 9110, 9.1). */
export function methodIndexOf(method: string | undefined): number {
  return INDEXES.get(method as string) ?? METHODS.length - 1
}
