import type { IncomingMessage } from 'node:http'
import { OTHER_FRAMEWORK, type UnadaptedFramework } from '../unadapted-framework.ts'

/**
 * tinyhttp puts the route on the request if its setting `enableReqRoute` is on, and the application, which knows its
 * mount path, if `bindAppToReqRes` is on. Without the first there is no route; without the second the prefix of a
 * mounted application cannot be known. So both are needed.
 */
export const TINYHTTP: UnadaptedFramework = {
  routeOf(request) {
    const { app, route } = request as TinyRequest
    if (!isLayer(route) || !isApp(app)) return OTHER_FRAMEWORK
    if (route.type !== 'route' || route.method === undefined) return undefined
    return `${app.path()}${route.path}`.replaceAll('//', '/')
  },
}

interface TinyRequest extends IncomingMessage {
  readonly app?: unknown
  readonly route?: unknown
}

interface Layer {
  readonly type: unknown
  readonly path: string
  readonly method?: unknown
}

function isLayer(value: unknown): value is Layer {
  const { type, path } = (value ?? {}) as Partial<Layer>
  return (type === 'route' || type === 'mw') && typeof path === 'string'
}

/** The path of an application consists of its mount path and those of its parents. */
function isApp(value: unknown): value is { path(): string } {
  const { path, noMatchHandler } = (value ?? {}) as { readonly path?: unknown; readonly noMatchHandler?: unknown }
  return typeof path === 'function' && typeof noMatchHandler === 'function'
}
