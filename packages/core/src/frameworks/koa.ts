import { isUnmatched } from '../http/labels.ts'
import { feathersRouteOf } from './feathers.ts'
import { type MountedContext, mountPrefixOf, mountTemplateOf, watchMounts } from './koa-mount.ts'
import { ANYWHERE, joinTemplates } from './template.ts'

interface Layer {
  /** None for a middleware. */
  readonly methods: readonly string[]
  readonly path: string | RegExp
  readonly regexp?: RegExp
}

/** What Koa, @koa/router, koa-route and koa-mount leave on the context of Koa. */
export interface KoaContext extends MountedContext {
  readonly app?: { readonly context?: object }
  readonly originalUrl?: string
  readonly matched?: readonly Layer[]
  readonly method: string
  /** Undefined where a WebSocket has no response: koa-websocket. */
  readonly res?: { readonly statusCode: number } | undefined
  /** The path of the layer that was called last, a route or a middleware. */
  readonly routerPath?: unknown
  /** The path of the route of koa-route that was called. */
  readonly routePath?: unknown
}

/**
 * The route that was called last or, where a router's own middleware answered before it, the one that would have been.
 * Without one, the path that the middleware which answered is mounted at.
 */
export function koaRouteOf(context: KoaContext): string | undefined {
  const layer = layerOf(context)
  if (layer !== undefined) return joinTemplates(prefixOf(context, layer), String(layer.path))
  const { routePath, res } = context
  if (typeof routePath === 'string') return joinTemplates(mountPrefixOf(context) ?? '', routePath)
  const service = context.matched === undefined ? feathersRouteOf(context) : undefined
  if (service !== undefined) return service
  return isUnmatched(res?.statusCode ?? 0) ? undefined : mountTemplateOf(context)
}

function layerOf({ matched, method, routerPath }: KoaContext): Layer | undefined {
  if (matched === undefined) return undefined
  const called = matched.findIndex(layer => layer.path === routerPath)
  let route: Layer | undefined
  for (let i = 0; i < matched.length; i++) {
    const layer = matched[i]!
    if (!layer.methods.includes(method)) continue
    route = layer
    if (i >= called) break
  }
  return route
}

/** What the router is mounted at; ANYWHERE where a function has taken a part of the path away that cannot be known. */
function prefixOf(context: KoaContext, { regexp }: Layer): string {
  const prefix = mountPrefixOf(context)
  if (prefix !== undefined) return prefix
  const path = context.originalUrl?.split('?', 1)[0]
  // An expression with a state of its own would be moved by being asked.
  if (path === undefined || regexp === undefined || regexp.global || regexp.sticky || regexp.test(path)) return ''
  for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1)) {
    if (regexp.test(path.slice(at))) return ANYWHERE
  }
  return ''
}

/** Has what koa-mount does in the application of this context seen, of this request and all that follow. */
export function observeKoa({ app }: KoaContext): void {
  if (app === lastApp) return
  lastApp = app
  watchMounts(app?.context)
}

// Mostly there is one application.
let lastApp: object | undefined
