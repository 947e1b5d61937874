import type { IncomingMessage, ServerResponse } from 'node:http'
import { isPromise } from 'node:util/types'
import {
  type HonoContext,
  honoMountedAt,
  honoRouteOf,
  honoTemplateAt,
  type MatchedRoute,
} from '../../frameworks/hono.ts'
import { prototypesIn } from '../../frameworks/unadapted/classes.ts'
import { type Naming, nameRoute, noteError } from '../../http/follow.ts'
import { nameUpgrade } from '../../http/upgrades.ts'

/**
 * Hono tells nobody outside of a request, and its applications cannot be had from their server. But each of its routers
 * can be asked which handlers a request has, and from there on they are called through a function of ours.
 */

/** Where a CommonJS application has the routers of Hono. */
export const HONO_FILE: RegExp = /[\\/]hono[\\/]dist[\\/]cjs[\\/]router[\\/][a-z-]+[\\/]router\.js$/

/** How the listener of `@hono/node-server` reads, in a bundle too. */
export const HONO_LISTENER: RegExp = /\.hostname\b[\s\S]*\.errorHandler\b/

/** As much of Hono's context as is looked at. */
interface Context extends HonoContext {
  readonly env?: { readonly incoming?: Upgradable; readonly outgoing?: ServerResponse } | undefined
  readonly error?: unknown
}

type Upgradable = IncomingMessage & { readonly upgrade?: boolean }

type Next = () => Promise<unknown>
type Handler = ((this: unknown, context: Context, next: Next) => unknown) & { [NAMING]?: true }
type Entry = [[handler: Handler, route: MatchedRoute], parameters: unknown]
type Match = (this: unknown, method: string, path: string) => [Entry[], ...unknown[]]

const NAMING = Symbol.for('promherd.hono.v1')
const MATCH = Symbol('promherd.hono.match')
type Router = object & { [MATCH]?: Match }

/** Hooks into the classes of routers that a module exports. */
export function hookHono(exports: unknown): void {
  for (const prototype of prototypesIn(exports) as { match?: Match; add?: unknown }[]) {
    const { add, match } = prototype
    // In the scopes of a bundle there are classes of others, too.
    if (typeof add === 'function' && add.length === 3 && typeof match === 'function' && match.length === 2) {
      hookRouter(prototype)
    }
  }
}

/** Routers replace their `match` by a faster one when they are first asked: so it is a property that hears of it. */
function hookRouter(prototype: { match?: Match }): void {
  if (NAMING in prototype) return
  const original = naming(prototype.match!)
  Object.defineProperty(prototype, NAMING, { value: true })
  Object.defineProperty(prototype, 'match', {
    configurable: true,
    get(this: Router) {
      return this[MATCH] ?? original
    },
    set(this: Router, match: Match) {
      Object.defineProperty(this, MATCH, { value: naming(match), writable: true, configurable: true })
    },
  })
}

function naming(match: Match): Match {
  return function promherdMatch(method, path) {
    const result = match.call(this, method, path)
    const entries = result[0]
    if (entries.length === 0) return [[UNMATCHED], ...result.slice(1)]
    for (let i = 0; i < entries.length; i++) {
      const pair = entries[i]![0]
      if (pair[0][NAMING] === undefined) pair[0] = calling(pair[0])
    }
    return result
  }
}

/** A handler that names the request and is the other one in all else. */
function calling(handler: Handler): Handler {
  const named: Handler = function promherdHandler(this: unknown, context, next) {
    name(context)
    try {
      const answer = handler.call(this, context, next)
      if (isPromise(answer)) answer.then(undefined, error => fail(context, error))
      return answer
    } catch (error) {
      fail(context, error)
      throw error
    }
  }
  named[NAMING] = true
  return named
}

/** Stands where no handler is, so that somebody is called then, too. */
const UNMATCHED: Entry = [[calling((_context, next) => next()), { method: 'ALL', path: '*', handler: passOn }], {}]

function passOn(_context: unknown, next: Next): unknown {
  return next()
}

function name(context: Context): void {
  const { incoming, outgoing } = context.env ?? {}
  if (incoming?.upgrade === true) nameUpgrade(incoming, routeOfUpgrade, context)
  else if (outgoing !== undefined) nameRoute(outgoing, routeOfContext, context)
}

function fail(context: Context, error: unknown): void {
  const response = context.env?.outgoing
  if (response !== undefined) noteError(response, error)
}

function routeOfContext(context: Context, outer?: Naming): string | undefined {
  const { req, env } = context
  const route = honoRouteOf(req.matchedRoutes ?? [], req.routeIndex, env?.outgoing?.statusCode ?? 0)
  return honoTemplateAt(honoMountedAt(context, outer?.context), route)
}

/** A WebSocket is answered by hand: the route that took it is the one that was called. */
function routeOfUpgrade({ req }: Context): string | undefined {
  return honoRouteOf(req.matchedRoutes ?? [], req.routeIndex, 101)
}
