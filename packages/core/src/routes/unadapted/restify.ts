import type { IncomingMessage } from 'node:http'
import { type Framework, OTHER_FRAMEWORK } from '../framework.ts'

/** restify stores the path that a route was registered with on the request. */
export const RESTIFY: Framework = {
  routeOf(request) {
    const { serverName, getRoute, route } = request as RestifyRequest
    if (serverName === undefined || typeof getRoute !== 'function') return OTHER_FRAMEWORK
    return route?.path === undefined ? undefined : String(route.path)
  },
}

interface RestifyRequest extends IncomingMessage {
  readonly serverName?: unknown
  readonly getRoute?: unknown
  readonly route?: { readonly path?: unknown }
}
