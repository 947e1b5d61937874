import type { IncomingMessage } from 'node:http'
import { UNKNOWN_ROUTE, unroutedOf } from '../labels/labels.ts'
import type { RouteSource } from '../labels/route-of.ts'
import { isEventStream } from '../response/event-stream.ts'
import { CLIENT_CLOSED_REQUEST, isAborted, sentStatusOf, statusOnWire } from '../response/response-state.ts'
import { socketPathOf } from '../response/websocket-path.ts'
import type { Exchange, FollowedExchange } from './exchange.ts'
import { abortedStatusOf, categoryOfFailure } from './failed-outcome.ts'

/**
 * Ends an open exchange: determines how it ended, and counts it. The status of an upgrade is known by then; so are the
 * status and the route of a manual exchange. Never throws.
 */
export function end(exchange: Exchange): void {
  const { owner, kind, stream } = exchange
  exchange.isOpen = false
  if (owner.hasYielded) {
    // When a fallback yields, it subtracts its open responses itself.
    if (kind !== 'response') owner.series.close(exchange)
    return
  }
  if (stream !== undefined) owner.series.close(exchange)
  try {
    determineOutcome(exchange)
    owner.series.count(exchange, stream === undefined)
  } catch (error) {
    exchange.stream = stream
    if (stream === undefined) owner.series.close(exchange)
    owner.store.reportError('http', `an exchange could not be recorded: ${String(error)}`)
  }
}

function determineOutcome(exchange: Exchange): void {
  const { owner, kind, request } = exchange
  const { naming } = owner.series
  if (isOnResponse(exchange) && isEventStream(exchange.request, exchange.response)) exchange.stream ??= 'sse'
  // The conventions of OpenTelemetry measure the duration of streams too, and have no other count of them.
  const isTimed = kind !== 'upgrade' && (exchange.stream === undefined || naming.isOpenTelemetry)
  if (isTimed) exchange.seconds = (performance.now() - exchange.startedAt) / 1000
  const aborted = wasAborted(exchange)
  if (isOnResponse(exchange)) exchange.status = aborted ? abortedStatusOf(exchange) : answeredStatusOf(exchange)
  const { status } = exchange
  const route = kind === 'manual' ? exchange.route : routeOf(exchange, status)
  exchange.method = naming.methodIndexOf(request.method)
  exchange.route = owner.callbacks.labelOf(route, status, request)
  if (aborted || status >= 400 || kind === 'manual') exchange.category = categoryOfFailure(exchange, aborted)
  // OpenTelemetry's label of the status has no placeholder.
  if (naming.isOpenTelemetry && aborted && !wasStatusSent(exchange)) exchange.status = 0
}

function isOnResponse(exchange: Exchange): exchange is FollowedExchange {
  return exchange.kind === 'response'
}

/** True if the client did not receive the whole response. */
function wasAborted(exchange: Exchange): boolean {
  return isOnResponse(exchange)
    ? isAborted(exchange.request, exchange.response)
    : exchange.status === CLIENT_CLOSED_REQUEST
}

/** True if the status of an aborted exchange is the one that was sent, and no placeholder. */
function wasStatusSent(exchange: Exchange): boolean {
  return isOnResponse(exchange) && sentStatusOf(exchange) !== undefined
}

/** The status can differ from the one that was sent only after an error, and reading it from the head costs time. */
function answeredStatusOf({ response, error }: FollowedExchange): number {
  const { statusCode } = response
  return statusCode < 400 && error === undefined ? statusCode : statusOnWire(response)
}

/** The route of an exchange, or the placeholder for its status. Never throws. */
function routeOf(exchange: Exchange, status: number): string {
  if (exchange.isUnrouted) return unroutedOf(status)
  try {
    const route = namedRouteOf(exchange)
    if (typeof route === 'string' && route !== UNKNOWN_ROUTE) return route
    return socketPathOf(exchange.request) ?? route ?? unroutedOf(status)
  } catch (error) {
    exchange.owner.store.reportError('callback', `the route could not be determined: ${String(error)}`)
    return UNKNOWN_ROUTE
  }
}

function namedRouteOf(exchange: Exchange): string | undefined {
  for (let source: RouteSource | undefined = exchange; source !== undefined; source = source.outer) {
    const { outer } = source
    const route = outer === undefined ? source.routeOf(source.context) : source.routeOf(source.context, outer)
    // If an outer source does not know the route, the search continues.
    if (typeof route === 'string' && (source === exchange || route !== UNKNOWN_ROUTE)) return route
  }
  // If this framework has no route, another one may have it. The preload looks for it on the request.
  const { onYield, bareRouteOf } = exchange.owner
  const route = onYield === undefined ? undefined : bareRouteOf?.(exchange.request as IncomingMessage)
  return typeof route === 'string' && route !== UNKNOWN_ROUTE ? route : undefined
}
