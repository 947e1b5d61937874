import type { IncomingMessage } from 'node:http'
import { type Framework, NOT_ITS_OWN } from './framework.ts'

/**
 * tinyhttp puts a route on the request with its setting `enableReqRoute`, and the application with `bindAppToReqRes`,
 * which knows where it is mounted. Without the first it reports nothing; without the second a mounted application has
 * no prefix that could be known, and there both are needed.
 */
export const TINYHTTP: Framework = {
  routeOf(request) {
    const { app, route } = request as TinyRequest
    if (!isLayer(route) || !isApp(app)) return NOT_ITS_OWN
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

/** The path of an application is made of those that it and its parents are mounted at. */
function isApp(value: unknown): value is { path(): string } {
  const { path, noMatchHandler } = (value ?? {}) as { readonly path?: unknown; readonly noMatchHandler?: unknown }
  return typeof path === 'function' && typeof noMatchHandler === 'function'
}
