import type { IncomingMessage } from 'node:http'
import { asPlaceholder } from '../../http/exchange/route-source.ts'
import { UNKNOWN_ROUTE } from '../../http/labels/labels.ts'
import type { RequestServer } from '../../http/watch/watch-server.ts'
import { UNADAPTED_FRAMEWORKS } from '../unadapted/list.ts'
import { OTHER_FRAMEWORK, type ServerRouteOf } from '../unadapted-framework.ts'
import { hookModules } from './hook-modules.ts'

/**
 * The route of a request whose framework has no adapter, from the data that the framework stored on the request or its
 * server. `_unknown` if no known framework has served it.
 */
export function unadaptedRouteOf(request: IncomingMessage): string | undefined {
  for (let i = 0; i < ON_REQUESTS.length; i++) {
    const route = ON_REQUESTS[i]!(request)
    if (route !== OTHER_FRAMEWORK) return route
  }
  const server = (request.socket as { readonly server?: RequestServer } | null)?.server
  const routeOf = server === undefined ? undefined : SERVERS.get(server)
  return routeOf === undefined ? UNKNOWN_ROUTE : routeOf(request)
}

/** Finds the frameworks that serve `server`, as far as they can be found now. */
export function findUnadapted(server: RequestServer): void {
  hookModules(server)
  if (SERVERS.has(server)) return
  for (const { serverRouteOf } of UNADAPTED_FRAMEWORKS) {
    const routeOf = serverRouteOf?.(server)
    if (routeOf !== undefined) SERVERS.set(server, routeOf)
  }
}

const ON_REQUESTS = UNADAPTED_FRAMEWORKS.flatMap(({ routeOf }) => routeOf ?? [])
const SERVERS = new WeakMap<RequestServer, ServerRouteOf>()
asPlaceholder(unadaptedRouteOf)
