import { feathersRouteOf } from './feathers.ts'

interface Layer {
  /** None for a middleware. */
  readonly methods: readonly string[]
  readonly path: string | RegExp
}

/** What @koa/router leaves on the context of Koa. */
export interface KoaContext {
  readonly matched?: readonly Layer[]
  readonly method: string
  /** The path of the layer that was called last, a route or a middleware. */
  readonly routerPath?: unknown
}

/** The route that was called last or, where a router's own middleware answered before it, the one that would have been. */
export function koaRouteOf(context: KoaContext): string | undefined {
  const { matched, method, routerPath } = context
  if (matched === undefined) return feathersRouteOf(context)
  const called = matched.findIndex(layer => layer.path === routerPath)
  let route: Layer | undefined
  for (let i = 0; i < matched.length; i++) {
    const layer = matched[i]!
    if (!layer.methods.includes(method)) continue
    route = layer
    if (i >= called) break
  }
  return route === undefined ? undefined : String(route.path)
}
