import type { IncomingMessage, ServerResponse } from 'node:http'
import { isPromise } from 'node:util/types'
import { keepAppearance } from '../../base/appearance.ts'
import { shared } from '../../base/shared.ts'
import { noteError } from '../../http/exchange/followed-exchanges.ts'
import { nameRoute } from '../../http/exchange/route-source.ts'
import { nameUpgrade } from '../../http/exchange/upgrades.ts'
import type { RouteSource } from '../../http/labels/route-of.ts'
import { type HonoContext, honoMountedAt, honoRouteOf, honoTemplateAt, type MatchedRoute } from '../../routes/hono.ts'
import { prototypesIn } from '../../routes/prototypes.ts'

/**
 * Hono does not report its routes outside of a request, and its applications cannot be reached from their server. But
 * each of its routers returns the handlers of a request, and these are replaced by functions of promherd that call
 * them.
 */

/** The path of Hono's routers in a CommonJS application. */
export const HONO_FILE: RegExp = /[\\/]hono[\\/]dist[\\/]cjs[\\/]router[\\/][a-z-]+[\\/]router\.js$/

/** Matches the source of the listener of `@hono/node-server`, in a bundle too. */
export const HONO_LISTENER: RegExp = /\.hostname\b[\s\S]*\.errorHandler\b/

/** The part of Hono's context that is used here. */
interface Context extends HonoContext {
  readonly env?: { readonly incoming?: Upgradable; readonly outgoing?: ServerResponse } | undefined
  readonly error?: unknown
}

type Upgradable = IncomingMessage & { readonly upgrade?: boolean }

type Next = () => Promise<unknown>
type Handler = (this: unknown, context: Context, next: Next) => unknown
type Entry = [[handler: Handler, route: MatchedRoute], parameters: unknown]
type Match = (this: unknown, method: string, path: string) => [Entry[], ...unknown[]]

/** The routers that were hooked, and the handlers that name a request. */
const HOOKED = shared('hooked routers of Hono', () => new WeakSet<object>())
const WRAPPED = shared('naming handlers of Hono', () => new WeakSet<object>())

/** Hooks the classes of routers that a module exports. */
export function hookHono(exports: unknown): void {
  for (const prototype of prototypesIn(exports) as { match?: Match; add?: unknown }[]) {
    const { add, match } = prototype
    // The scopes of a bundle contain other classes, too.
    if (typeof add === 'function' && add.length === 3 && typeof match === 'function' && match.length === 2) {
      hookRouter(prototype)
    }
  }
}

/** Routers replace their `match` by a faster one at the first call. So it becomes an accessor that wraps it. */
function hookRouter(prototype: { match?: Match }): void {
  if (HOOKED.has(prototype)) return
  HOOKED.add(prototype)
  let original = wrapMatch(prototype.match!)
  Object.defineProperty(prototype, 'match', {
    configurable: true,
    get: () => original,
    set(this: object, match: Match) {
      const value = wrapMatch(match)
      if (this === prototype) original = value
      else Object.defineProperty(this, 'match', { value, writable: true, enumerable: true, configurable: true })
    },
  })
}

function wrapMatch(match: Match): Match {
  const { observed } = {
    observed(this: unknown, method: string, path: string): ReturnType<Match> {
      const result = match.call(this, method, path)
      const entries = result[0]
      if (entries.length === 0) return [[UNMATCHED], ...result.slice(1)]
      for (let i = 0; i < entries.length; i++) {
        const pair = entries[i]![0]
        if (!WRAPPED.has(pair[0])) pair[0] = wrapHandler(pair[0])
      }
      return result
    },
  }
  return keepAppearance(observed, match)
}

/**
 * Returns a handler that names the request and otherwise behaves like `handler`. If there are several handlers, Hono
 * stores the rejection of one of them on the context. So the promise is observed only if the handler is the only one:
 * with a second reaction to a promise V8 does not know which function awaits it, and the stack of an error that is
 * thrown after an `await` ends there.
 */
function wrapHandler(handler: Handler): Handler {
  const { observed } = {
    observed(this: unknown, context: Context, next: Next): unknown {
      nameRequest(context)
      try {
        const answer = handler.call(this, context, next)
        if (isPromise(answer) && isOnlyHandler(context)) answer.then(undefined, error => recordError(context, error))
        return answer
      } catch (error) {
        recordError(context, error)
        throw error
      }
    },
  }
  WRAPPED.add(observed)
  return keepAppearance(observed, handler)
}

function isOnlyHandler({ req }: Context): boolean {
  return (req.matchedRoutes?.length ?? 0) < 2
}

/** Used if there is no handler, so that a function of promherd is called then, too. */
const UNMATCHED: Entry = [[wrapHandler((_context, next) => next()), { method: 'ALL', path: '*', handler: passOn }], {}]

function passOn(_context: unknown, next: Next): unknown {
  return next()
}

function nameRequest(context: Context): void {
  const { incoming, outgoing } = context.env ?? {}
  if (incoming?.upgrade === true) nameUpgrade(incoming, routeOfUpgrade, context)
  else if (outgoing !== undefined) nameRoute(outgoing, routeOfContext, context)
}

function recordError(context: Context, error: unknown): void {
  const response = context.env?.outgoing
  if (response !== undefined) noteError(response, error)
}

function routeOfContext(context: Context, outer?: RouteSource): string | undefined {
  const { req, env, error } = context
  if (error !== undefined) recordError(context, error)
  const route = honoRouteOf(req.matchedRoutes ?? [], req.routeIndex, env?.outgoing?.statusCode ?? 0)
  return honoTemplateAt(honoMountedAt(context, outer?.context), route)
}

/** The response to a WebSocket is written to the socket: the route that accepted it is the one that was called. */
function routeOfUpgrade({ req }: Context): string | undefined {
  return honoRouteOf(req.matchedRoutes ?? [], req.routeIndex, 101)
}
