import type { IncomingMessage } from 'node:http'
import { OTHER_FRAMEWORK, type UnadaptedFramework } from '../unadapted-framework.ts'

/** restify stores the path that a route was registered with on the request. */
export const RESTIFY: UnadaptedFramework = {
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
