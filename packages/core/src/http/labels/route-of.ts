/**
 * Returns the route template of an exchange, or undefined if no route handled it. Called when the response has closed.
 * `outer` is the source of the framework that called this one, if another one did.
 */
export type RouteOf<Context> = (context: Context, outer?: RouteSource) => string | undefined

/** A source of a route, with what it knows of the request. */
export interface RouteSource {
  readonly routeOf: RouteOf<unknown>
  readonly context: unknown
  readonly outer?: RouteSource | undefined
}
