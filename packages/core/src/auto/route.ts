import type { IncomingMessage } from 'node:http'
import { unadaptedRouteOf } from '../frameworks/unadapted/route.ts'
import { asPlaceholder } from '../http/follow.ts'
import { expressAppOf, expressRouteOf } from './frameworks/express.ts'

/**
 * The route of a request that no framework has named while it was served: by what is left on it. It also marks the
 * exchanges of the preload, for those who name them.
 */
export function routeOf(request: IncomingMessage): string | undefined {
  // Each look at a request costs: Express has given it a prototype, and V8 a hidden class, of its own.
  const app = expressAppOf(request)
  return app === undefined ? unadaptedRouteOf(request) : expressRouteOf(request, app)
}

asPlaceholder(routeOf)
