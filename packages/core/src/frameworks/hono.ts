import { isUnmatched } from '../http/labels.ts'
import { ANYWHERE, joinTemplates } from './template.ts'

/** What Hono's router has found for a request: a route, or a middleware. */
export interface MatchedRoute {
  readonly method: string
  readonly path: string
  readonly handler: unknown
}

/** As much of Hono's context as is looked at. */
export interface HonoContext {
  readonly req: {
    readonly path: string
    readonly routeIndex: number
    readonly matchedRoutes?: readonly MatchedRoute[]
  }
}

/**
 * The route that was called last or, where a middleware answered before it, the one that would have been. Where there
 * is none, what the middleware is mounted at that answered. `at` is where the one stands that was called last.
 */
export function honoRouteOf(routes: readonly MatchedRoute[], at: number, status: number): string | undefined {
  const called = routes[at]
  if (called === undefined) return undefined
  if (isRoute(called) && !(status === 404 && takesNext(called))) return called.path
  const ahead = routeAhead(routes.slice(at + 1), called)
  if (ahead !== undefined) return ahead
  if (isUnmatched(status)) return undefined
  const passed = routes.slice(0, at).findLast(route => isRoute(route) && !takesAllOf(route, called))
  return passed?.path ?? (isEverywhere(called.path) ? undefined : called.path)
}

/**
 * What an application has before its templates that another one has mounted, whose context is `outer`: what was taken
 * from the path, where that is the path that it is mounted at, and else ANYWHERE.
 */
export function honoMountedAt(inner: HonoContext | undefined, outer: unknown): string {
  const mounting = (outer as Partial<HonoContext> | undefined)?.req
  if (inner === undefined || typeof mounting?.routeIndex !== 'number') return ''
  const { req } = inner
  const { path, routeIndex, matchedRoutes = [] } = mounting
  const length = path.length - (req.path === '/' && !path.endsWith('/') ? 0 : req.path.length)
  if (length <= 0 || !(path.endsWith(req.path) || length === path.length)) return ''
  const taken = path.slice(0, length)
  return matchedRoutes[routeIndex]?.path === `${taken}/*` ? taken : ANYWHERE
}

/** The template of a route below `honoMountedAt`. */
export function honoTemplateAt(mountedAt: string, route: string | undefined): string | undefined {
  return route === undefined || mountedAt === '' ? route : joinTemplates(mountedAt, route)
}

/** The route that a middleware answered for. One that takes all of what the middleware stands for is no better name. */
function routeAhead(ahead: readonly MatchedRoute[], called: MatchedRoute): string | undefined {
  for (const route of ahead) {
    if (!isRoute(route)) continue
    if (!takesAllOf(route, called)) return route.path
    if (!takesNext(route)) return undefined
  }
  return undefined
}

/** True for a catch-all, of the application or of a part of it, that what was called stands below. */
function takesAllOf(route: MatchedRoute, called: MatchedRoute): boolean {
  if (isEverywhere(route.path)) return true
  return route.path.endsWith('/*') && route.path !== called.path && called.path.startsWith(route.path.slice(0, -1))
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
