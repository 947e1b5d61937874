import type { IncomingMessage } from 'node:http'
import { UNKNOWN_ROUTE } from '../http/labels.ts'
import { expressRouteOf, isOfExpress } from './frameworks/express.ts'
import { isOfRestify, restifyRouteOf } from './frameworks/restify.ts'

/**
 * The route of a request that no framework has named while it was served: by what is left on it. It also marks the
 * exchanges of the preload, for those who name them.
 */
export function routeOf(request: IncomingMessage): string | undefined {
  if (isOfExpress(request)) return expressRouteOf(request)
  if (isOfRestify(request)) return restifyRouteOf(request)
  return UNKNOWN_ROUTE
}
