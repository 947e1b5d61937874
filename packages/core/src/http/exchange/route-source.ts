import type { ServerResponse } from 'node:http'
import { shared } from '../../base/shared.ts'
import { UNKNOWN_ROUTE } from '../labels/labels.ts'
import type { RouteOf } from '../labels/route-of.ts'
import type { Exchange } from './exchange.ts'
import { firstExchangeOf } from './followed-exchanges.ts'

/** Which function names the route of an exchange: several frameworks may handle one request. */

/** Makes `routeOf` the first source of the route; the previous sources are used if it knows none. */
export function nameInside(exchange: Exchange, routeOf: RouteOf<unknown>, context: unknown): void {
  const { routeOf: known, context: knownContext, outer } = exchange
  if (known === routeOf && knownContext === context) return
  exchange.outer = { routeOf: known, context: knownContext, outer }
  exchange.routeOf = routeOf
  exchange.context = context
}

/** Marks `routeOf` as a placeholder: a framework may replace it while it serves the exchange. */
export function asPlaceholder<Context>(routeOf: RouteOf<Context>): RouteOf<Context> {
  PLACEHOLDERS.add(routeOf)
  return routeOf
}

/** True for a placeholder, which leaves the route to a framework. */
export function isPlaceholder(routeOf: RouteOf<never>): boolean {
  return PLACEHOLDERS.has(routeOf)
}

const PLACEHOLDERS = shared('placeholders', () => new WeakSet<RouteOf<never>>())

/**
 * Sets the source of the route of a response, if its current source is a placeholder. If several frameworks call this,
 * the last one is the innermost: a framework that is called by another.
 */
export function nameRoute<Context>(response: ServerResponse, routeOf: RouteOf<Context>, context: Context): void {
  for (let exchange = firstExchangeOf(response); exchange !== undefined; exchange = exchange.sibling) {
    if (isPlaceholder(exchange.routeOf)) {
      exchange.routeOf = routeOf as RouteOf<unknown>
      exchange.context = context
      NAMERS.add(routeOf)
    } else if (NAMERS.has(exchange.routeOf)) nameInside(exchange, routeOf as RouteOf<unknown>, context)
  }
}

/** The same, but only if no framework has set the source. */
export function nameUnnamedRoute<Context>(response: ServerResponse, routeOf: RouteOf<Context>, context: Context): void {
  for (let exchange = firstExchangeOf(response); exchange !== undefined; exchange = exchange.sibling) {
    if (!isPlaceholder(exchange.routeOf)) continue
    exchange.routeOf = routeOf as RouteOf<unknown>
    exchange.context = context
  }
}

/** The functions that have replaced a placeholder: as many as there are frameworks. */
const NAMERS = shared('namers', () => new WeakSet<RouteOf<never>>())

/** The route function of callers that cannot know the route. */
export const unknownRoute: RouteOf<unknown> = shared('unknown route', () => asPlaceholder(() => UNKNOWN_ROUTE))
