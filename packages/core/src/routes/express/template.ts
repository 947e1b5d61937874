import { ANYWHERE, joinTemplates, mountText, routeText } from '../template.ts'
import { mountOf } from './mount-path.ts'
import { type ExpressApp, type Layer, type Route, type Router, routerOf } from './types.ts'

/**
 * Route templates for adapters that see a request only when it has already reached a router: found in the current tree
 * of routers, once for each route.
 */

/** The whole template of a route, `/users/:id/posts/:post`. Express itself stores only the last part. */
export function templateOf(route: Route, app: ExpressApp, baseUrl: string): string {
  let templates = TEMPLATES.get(route)
  if (templates === undefined) {
    templates = []
    collect(routerOf(app), prefixOf(app), layer => layer.route === route, templates, 0)
    TEMPLATES.set(route, templates)
  }
  // A route in a router that a function calls. Its mount path is unknown, and must not be the path of the request.
  if (templates.length === 0) return joinTemplates(ANYWHERE, routeText(route.path))
  const one = templates.length === 1 ? templates[0] : templates.find(({ prefix }) => matchesPrefix(prefix, baseUrl))
  return (one ?? templates[0]!).template
}

/**
 * The mount path of a middleware, with all prefixes: `/users/:id/files`. Undefined if that is the root, or if the
 * middleware is registered in several places, so that the place that responded is not known.
 */
export function mountTemplateOf(middleware: Layer, app: ExpressApp | undefined): string | undefined {
  const known = MOUNTS.get(middleware)
  if (known !== undefined) return known.template
  const found: Template[] = []
  if (app !== undefined) collect(routerOf(app), prefixOf(app), layer => layer === middleware, found, 0)
  const template = found.length === 1 && found[0]!.template !== '/' ? found[0]!.template : undefined
  MOUNTS.set(middleware, { template })
  return template
}

/** True if a route or a middleware is found in the routers of an application. */
export function hasHandler(app: ExpressApp, handler: Layer | Route): boolean {
  const found: Template[] = []
  collect(routerOf(app), '', layer => layer === handler || layer.route === handler, found, 0)
  return found.length > 0
}

/** The application that is not mounted in another one. */
export function outermost(app: ExpressApp): ExpressApp {
  return app.parent === undefined ? app : outermost(app.parent)
}

interface Template {
  readonly prefix: string
  readonly template: string
}

const TEMPLATES = new WeakMap<Route, Template[]>()
const MOUNTS = new WeakMap<Layer, { readonly template: string | undefined }>()

/** Deeper than any real nesting; a limit for routers that are mounted in themselves. */
const MAX_DEPTH = 16

function collect(
  router: Router | undefined,
  prefix: string,
  isWanted: (layer: Layer) => boolean,
  found: Template[],
  depth: number,
): void {
  if (router === undefined || depth > MAX_DEPTH) return
  for (const layer of router.stack) {
    const path = layer.route === undefined ? mountOf(layer) : routeText(layer.route.path)
    if (isWanted(layer)) found.push({ prefix, template: joinTemplates(prefix, path) })
    const inner = layer.handle as Partial<Router> | undefined
    if (Array.isArray(inner?.stack)) collect(inner as Router, prefix + path, isWanted, found, depth + 1)
  }
}

/** The mount path of an application in its parents. */
function prefixOf(app: ExpressApp): string {
  return app.parent === undefined ? '' : prefixOf(app.parent) + mountText(app.mountpath)
}

/** True if the concrete `path` matches the template `prefix`. */
function matchesPrefix(prefix: string, path: string): boolean {
  const expected = prefix.split('/')
  const given = path.split('/')
  return (
    expected.length === given.length &&
    expected.every((part, i) => /[:*{(]/.test(part) || part.toLowerCase() === given[i]!.toLowerCase())
  )
}
