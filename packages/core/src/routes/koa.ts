import { isUnmatched } from '../http/labels/labels.ts'
import { feathersRouteOf } from './feathers.ts'
import { type MountedContext, mountPrefixOf, mountTemplateOf, observeMounts } from './koa-mount.ts'
import { ANYWHERE, joinTemplates } from './template.ts'

interface Layer {
  /** Empty for a middleware. */
  readonly methods: readonly string[]
  readonly path: string | RegExp
  readonly regexp?: RegExp
}

/** The properties that Koa, @koa/router, koa-route and koa-mount set on the context. */
export interface KoaContext extends MountedContext {
  readonly app?: { readonly context?: object }
  readonly originalUrl?: string
  readonly matched?: readonly Layer[]
  readonly method: string
  /** Undefined if a WebSocket has no response: koa-websocket. */
  readonly res?: { readonly statusCode: number } | undefined
  /** The path of the layer that was called last, a route or a middleware. */
  readonly routerPath?: unknown
  /** The path of the route of koa-route that was called. */
  readonly routePath?: unknown
}

/**
 * The route that was called last or, if a router's own middleware answered before it, the route that would have been
 * called. Without one, the mount path of the middleware that answered.
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

/** The mount path of the router; ANYWHERE if a function has removed a part of the path that cannot be known. */
function prefixOf(context: KoaContext, { regexp }: Layer): string {
  const prefix = mountPrefixOf(context)
  if (prefix !== undefined) return prefix
  const path = context.originalUrl?.split('?', 1)[0]
  // An expression with a state of its own would be changed by a test.
  if (path === undefined || regexp === undefined || regexp.global || regexp.sticky || regexp.test(path)) return ''
  for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1)) {
    if (regexp.test(path.slice(at))) return ANYWHERE
  }
  return ''
}

/** Observes koa-mount in the application of this context, for this request and all that follow. */
export function observeKoa({ app }: KoaContext): void {
  if (app === lastApp) return
  lastApp = app
  observeMounts(app?.context)
}

// Usually there is one application.
let lastApp: object | undefined
