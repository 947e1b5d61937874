import { ANYWHERE, joinTemplates, mountText, routeText } from '../template.ts'
import { mountOf } from './mount-path.ts'
import { type ExpressApp, type Layer, type Route, type Router, routerOf } from './types.ts'

/**
 * The templates of those that only begin to see a request when it is in a router already: found in the tree of routers
 * as it stands, once for each route.
 */

/** The whole template of a route, `/users/:id/posts/:post`, of which Express itself keeps only the last part. */
export function templateOf(route: Route, app: ExpressApp, baseUrl: string): string {
  let templates = TEMPLATES.get(route)
  if (templates === undefined) {
    templates = []
    collect(routerOf(app), prefixOf(app), layer => layer.route === route, templates, 0)
    TEMPLATES.set(route, templates)
  }
  // A route behind a function that calls a router: what it is mounted at cannot be known, and must not be the path.
  if (templates.length === 0) return joinTemplates(ANYWHERE, routeText(route.path))
  const one = templates.length === 1 ? templates[0] : templates.find(({ prefix }) => fits(prefix, baseUrl))
  return (one ?? templates[0]!).template
}

/**
 * What a middleware is mounted at, with all that stands before it: `/users/:id/files`. Undefined where that is the root,
 * or where the middleware stands in more than one place, so that nobody can say in which of them it answered.
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

/** True where a route or a middleware can be found in the routers of an application. */
export function isIn(app: ExpressApp, handler: Layer | Route): boolean {
  const found: Template[] = []
  collect(routerOf(app), '', layer => layer === handler || layer.route === handler, found, 0)
  return found.length > 0
}

/** The application that is mounted in no other. */
export function outermost(app: ExpressApp): ExpressApp {
  return app.parent === undefined ? app : outermost(app.parent)
}

interface Template {
  readonly prefix: string
  readonly template: string
}

const TEMPLATES = new WeakMap<Route, Template[]>()
const MOUNTS = new WeakMap<Layer, { readonly template: string | undefined }>()

/** Deeper than anybody nests, for routers that are mounted in themselves. */
const DEEPEST = 16

function collect(
  router: Router | undefined,
  prefix: string,
  isWanted: (layer: Layer) => boolean,
  found: Template[],
  depth: number,
): void {
  if (router === undefined || depth > DEEPEST) return
  for (const layer of router.stack) {
    const path = layer.route === undefined ? mountOf(layer) : routeText(layer.route.path)
    if (isWanted(layer)) found.push({ prefix, template: joinTemplates(prefix, path) })
    const inner = layer.handle as Partial<Router> | undefined
    if (Array.isArray(inner?.stack)) collect(inner as Router, prefix + path, isWanted, found, depth + 1)
  }
}

/** Where an application is mounted in others. */
function prefixOf(app: ExpressApp): string {
  return app.parent === undefined ? '' : prefixOf(app.parent) + mountText(app.mountpath)
}

/** True where the concrete `path` may be one of the template `prefix`. */
function fits(prefix: string, path: string): boolean {
  const expected = prefix.split('/')
  const given = path.split('/')
  return (
    expected.length === given.length &&
    expected.every((part, i) => /[:*{(]/.test(part) || part.toLowerCase() === given[i]!.toLowerCase())
  )
}
