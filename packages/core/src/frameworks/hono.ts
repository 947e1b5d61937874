import { isUnmatched } from '../http/labels.ts'

/** What Hono's router has found for a request: a route, or a middleware. */
export interface MatchedRoute {
  readonly method: string
  readonly path: string
  readonly handler: unknown
}

/**
 * The route that was called last or, where a middleware answered before it, the one that would have been. Where there
 * is none, what the middleware is mounted at that answered. `at` is where the one stands that was called last.
 */
export function honoRouteOf(routes: readonly MatchedRoute[], at: number, status: number): string | undefined {
  const called = routes[at]
  if (called === undefined) return undefined
  if (isRoute(called) && !(status === 404 && takesNext(called))) return called.path
  const ahead = routes.slice(at + 1).find(isRoute)
  if (ahead !== undefined) return ahead.path
  if (isUnmatched(status)) return undefined
  return routes.slice(0, at).findLast(isRoute)?.path ?? (isEverywhere(called.path) ? undefined : called.path)
}

/** What stands for all methods is mostly a middleware, which matches what nothing serves. */
function isRoute(route: MatchedRoute): boolean {
  return route.method !== 'ALL' || !(takesNext(route) || isEverywhere(route.path))
}

/** True where the handler may have passed the request on. */
function takesNext({ handler }: MatchedRoute): boolean {
  // The handlers of an application with an `onError` of its own are wrapped when it becomes a part of another.
  const wrapped = (handler as { [WRAPPED]?: (...parts: never[]) => unknown })[WRAPPED]
  return (wrapped ?? (handler as (...parts: never[]) => unknown)).length > 1
}

const WRAPPED = '__COMPOSED_HANDLER'

function isEverywhere(path: string): boolean {
  return path === '*' || path === '/*'
}
