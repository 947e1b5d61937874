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

/** A value that is not among those of a closed set. */
export const OTHER = '_other'

/** A value that could not be told. */
export const UNKNOWN = '_unknown'

/** The route of a request where nobody can say which route there was: a bare server, or a callback that threw. */
export const UNKNOWN_ROUTE: typeof UNKNOWN = UNKNOWN

/** The route of a request that Node refused itself, before there was anybody to route it. */
export const REFUSED = '_refused'

const INDEXES: ReadonlyMap<string, number> = new Map(METHODS.map((method, index) => [method, index]))

/** Where `method` stands among METHODS; methods are case-sensitive (RFC 9110, 9.1). */
export function methodIndexOf(method: string | undefined): number {
  return INDEXES.get(method as string) ?? METHODS.length - 1
}
