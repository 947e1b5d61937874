import type { IncomingMessage } from 'node:http'
import { asPlaceholder } from '../../http/exchange/route-source.ts'
import { unadaptedRouteOf } from '../../routes/loaded/unadapted-route.ts'
import { expressAppOf, expressRouteOf } from './express.ts'

/**
 * The route of a request that no framework has named while it was served, from the data that is left on the request. As
 * a placeholder, it also marks the exchanges of the preload for the frameworks that name them.
 */
export function routeOf(request: IncomingMessage): string | undefined {
  // Each property access is expensive: Express has given the request its own prototype, and V8 its own hidden class.
  const app = expressAppOf(request)
  return app === undefined ? unadaptedRouteOf(request) : expressRouteOf(request, app)
}

asPlaceholder(routeOf)
