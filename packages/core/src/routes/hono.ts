import { isUnmatched } from '../http/labels/labels.ts'
import { ANYWHERE, joinTemplates } from './template.ts'

/** A match of Hono's router for a request: a route, or a middleware. */
export interface MatchedRoute {
  readonly method: string
  readonly path: string
  readonly handler: unknown
}

/** The part of Hono's context that is used here. */
export interface HonoContext {
  readonly req: {
    readonly path: string
    readonly routeIndex: number
    readonly matchedRoutes?: readonly MatchedRoute[]
  }
}

/**
 * The route that was called last or, if a middleware answered before it, the route that would have been called. If
 * there is none, the mount path of the middleware that answered. `at` is the index of the handler that was called last.
 */
export function honoRouteOf(routes: readonly MatchedRoute[], at: number, status: number): string | undefined {
  const called = routes[at]
  if (called === undefined) return undefined
  if (isRoute(called) && !(status === 404 && canCallNext(called))) return called.path
  const ahead = routeAhead(routes.slice(at + 1), called)
  if (ahead !== undefined) return ahead
  if (isUnmatched(status)) return undefined
  const earlier = routes.slice(0, at).findLast(route => isRoute(route) && !coversPathOf(route, called))
  return earlier?.path ?? (matchesAll(called.path) ? undefined : called.path)
}

/**
 * The prefix of the templates of an application that another one has mounted, whose context is `outer`: the part that
 * was removed from the path, if that is the mount path, else ANYWHERE.
 */
export function honoMountedAt(inner: HonoContext | undefined, outer: unknown): string {
  const outerRequest = (outer as Partial<HonoContext> | undefined)?.req
  if (inner === undefined || typeof outerRequest?.routeIndex !== 'number') return ''
  const { req } = inner
  const { path, routeIndex, matchedRoutes = [] } = outerRequest
  const length = path.length - (req.path === '/' && !path.endsWith('/') ? 0 : req.path.length)
  if (length <= 0 || !(path.endsWith(req.path) || length === path.length)) return ''
  const removed = path.slice(0, length)
  return matchedRoutes[routeIndex]?.path === `${removed}/*` ? removed : ANYWHERE
}

/** The template of a route below `honoMountedAt`. */
export function honoTemplateAt(mountedAt: string, route: string | undefined): string | undefined {
  return route === undefined || mountedAt === '' ? route : joinTemplates(mountedAt, route)
}

/**
 * The route that a middleware answered for. A route that covers the whole scope of the middleware is not a more exact
 * name.
 */
function routeAhead(ahead: readonly MatchedRoute[], called: MatchedRoute): string | undefined {
  for (const route of ahead) {
    if (!isRoute(route)) continue
    if (!coversPathOf(route, called)) return route.path
    if (!canCallNext(route)) return undefined
  }
  return undefined
}

/** True for a catch-all, of the application or of a part of it, that covers the path of the called handler. */
function coversPathOf(route: MatchedRoute, called: MatchedRoute): boolean {
  if (matchesAll(route.path)) return true
  return route.path.endsWith('/*') && route.path !== called.path && called.path.startsWith(route.path.slice(0, -1))
}

/** A handler for all methods is usually a middleware, which matches requests that no route serves. */
function isRoute(route: MatchedRoute): boolean {
  return route.method !== 'ALL' || !(canCallNext(route) || matchesAll(route.path))
}

/** True if the handler may have passed the request on. */
function canCallNext({ handler }: MatchedRoute): boolean {
  // If an application with an `onError` of its own is mounted in another one, its handlers are wrapped.
  const wrapped = (handler as { [WRAPPED]?: (...parts: never[]) => unknown })[WRAPPED]
  return (wrapped ?? (handler as (...parts: never[]) => unknown)).length > 1
}

const WRAPPED = '__COMPOSED_HANDLER'

function matchesAll(path: string): boolean {
  return path === '*' || path === '/*'
}
