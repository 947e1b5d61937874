import type { IncomingMessage } from 'node:http'

/** As much of a request of restify as is looked at. */
interface RestifyRequest extends IncomingMessage {
  readonly serverName?: unknown
  readonly getRoute?: unknown
  readonly route?: { readonly path?: unknown }
}

export function isOfRestify(request: RestifyRequest): boolean {
  return request.serverName !== undefined && typeof request.getRoute === 'function'
}

/** What the route was registered with, which restify leaves on the request. */
export function restifyRouteOf({ route }: RestifyRequest): string | undefined {
  return route?.path === undefined ? undefined : String(route.path)
}
