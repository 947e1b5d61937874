import type { IncomingMessage } from 'node:http'
import { OTHER_FRAMEWORK, type UnadaptedFramework } from '../unadapted-framework.ts'

/** moleculer-web stores the alias that matched on a request, or the action that was called by its name. */
export const MOLECULER: UnadaptedFramework = {
  routeOf(request) {
    const { $service, $alias, $route, $action } = request as GatewayRequest
    if ($service === undefined) return OTHER_FRAMEWORK
    if (typeof $alias?.fullPath === 'string') return $alias.fullPath
    if (typeof $action?.name !== 'string') return undefined
    return `${$route?.path ?? ''}/${$action.name.replaceAll('.', '/')}`.replaceAll('//', '/')
  },
}

interface GatewayRequest extends IncomingMessage {
  readonly $service?: unknown
  readonly $alias?: { readonly fullPath?: unknown }
  readonly $route?: { readonly path?: string }
  readonly $action?: { readonly name?: unknown }
}
