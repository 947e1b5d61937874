import { takeArrival } from '@promherd/core'
import type { Handler, MiddlewareHandler } from 'hono'
import { SmartRouter } from 'hono/router/smart-router'
import type { RouterRoute } from 'hono/types'

/**
 * Has a middleware that stands before everything else called with the handler behind it as one, instead of before it.
 *
 * Hono calls a handler that is alone directly, and composes where there are two: that alone is most of what a
 * middleware costs. So where a Node server gives a request to an application, its router answers a list in which the
 * middleware and what stands behind it are one handler. Hono's own list is left as it is. It is used for all other
 * requests, and wherever something is not as expected.
 */

/** Makes of a handler one that does what the middleware does, and then calls it. `alone` is its route if no other follows. */
export type Lead = (handler: Handler, alone: RouterRoute | undefined) => Handler

/** From now on `middleware` may be called so. */
export function leadWith(middleware: MiddlewareHandler, lead: Lead): void {
  LEADS.set(middleware, lead)
  watchRouters()
}

type Entry = readonly [target: readonly [handler: Handler, route: RouterRoute], params: unknown]
type List = readonly Entry[]
type Result = readonly [list: List, stash?: unknown]
type Match = (this: object, method: string, path: string) => Result

const LEADS = new WeakMap<object, Lead>()
const FRONTED = new WeakSet<object>()
let isWatching = false

/** A router is known by the middleware that is added to it. That of an application is a SmartRouter by default. */
function watchRouters(): void {
  if (isWatching) return
  isWatching = true
  const routers = SmartRouter.prototype as SmartRouter<unknown>
  const { add } = routers
  routers.add = function (this: SmartRouter<unknown>, method: string, path: string, target: unknown): void {
    add.call(this, method, path, target)
    if (Array.isArray(target) && LEADS.has(target[0] as object) && !FRONTED.has(this)) front(this)
  }
}

/** Has `router` answer with lists that begin with one handler where its own begin with a middleware of ours. */
function front(router: SmartRouter<unknown>): void {
  FRONTED.add(router)
  let match = router.match as unknown as Match
  const lists = new WeakMap<List, List>()
  const fronted: Match = (method, path) => {
    const result = match.call(router, method, path)
    const [list] = result
    if (list.length < 2 || !takeArrival()) return result
    let led = lists.get(list)
    if (led === undefined) {
      // A router that makes a list for each request has none that could be known again.
      if (match.call(router, method, path)[0] !== list) {
        Object.defineProperty(router, 'match', { value: match, writable: true, configurable: true, enumerable: true })
        return result
      }
      led = ledBy(list)
      lists.set(list, led)
    }
    return [led, result[1]]
  }
  // A SmartRouter replaces its method by that of the router which it has chosen.
  Object.defineProperty(router, 'match', {
    get: () => fronted,
    set: (chosen: Match) => {
      match = chosen
    },
    configurable: true,
    enumerable: true,
  })
}

/** The list without the middlewares of ours that it begins with: the handler behind them does what they do. */
function ledBy(list: List): List {
  const leads: Lead[] = []
  for (const [[handler]] of list) {
    const lead = LEADS.get(handler)
    if (lead === undefined) break
    leads.push(lead)
  }
  const behind = list[leads.length]
  if (leads.length === 0 || behind === undefined) return list
  const [[handler, route], params] = behind
  const others = list.slice(leads.length + 1)
  const alone = others.length === 0 ? route : undefined
  const led = leads.reduceRight<Handler>((inner, lead) => lead(inner, alone), handler)
  return [[[led, route], params], ...others]
}
