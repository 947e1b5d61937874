import { type ExpressApp, type Layer, type Route, type Router, routerOf } from './types.ts'

/**
 * The whole template of a route, `/users/:id/posts/:post`, of which Express itself keeps only the last part. It is
 * found in the tree of routers, once for each route.
 */
export function templateOf(route: Route, app: ExpressApp, baseUrl: string): string {
  let templates = TEMPLATES.get(route)
  if (templates === undefined) {
    templates = []
    collect(routerOf(app), prefixOf(app), layer => layer.route === route, templates, 0)
    TEMPLATES.set(route, templates)
  }
  // A route behind a function that calls a router: what it is mounted at cannot be known, and must not be the path.
  if (templates.length === 0) return join('/*', textOf(route.path))
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

interface Template {
  readonly prefix: string
  readonly template: string
}

const TEMPLATES = new WeakMap<Route, Template[]>()
const MOUNTS = new WeakMap<Layer, { readonly template: string | undefined }>()
const PREFIXES = new WeakMap<Layer, string>()

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
    const path = layer.route === undefined ? mountOf(layer) : textOf(layer.route.path)
    if (isWanted(layer)) found.push({ prefix, template: join(prefix, path) })
    const inner = layer.handle as Partial<Router> | undefined
    if (Array.isArray(inner?.stack)) collect(inner as Router, join(prefix, path), isWanted, found, depth + 1)
  }
}

/** Where an application is mounted in others. */
function prefixOf(app: ExpressApp): string {
  return app.parent === undefined ? '' : join(prefixOf(app.parent), textOf(app.mountpath))
}

/** What a layer was mounted at. */
function mountOf(layer: Layer): string {
  let prefix = PREFIXES.get(layer)
  if (prefix === undefined) {
    prefix = readMount(layer)
    // A router before 2.3 knows nothing of a layer that has not matched yet.
    if (prefix !== '' || layer.slash === true) PREFIXES.set(layer, prefix)
  }
  return prefix
}

function readMount(layer: Layer): string {
  if (layer.rawPath !== undefined) return textOf(layer.rawPath)
  if (layer.regexp !== undefined) return layer.regexp.fast_slash ? '' : pathOf(layer.regexp.source, namesOf(layer))
  return layer.slash ? '' : generalized(layer.path ?? '', layer.params ?? {})
}

function namesOf(layer: Layer): string[] {
  return (layer.keys ?? []).map(({ name }) => (typeof name === 'number' ? '*' : `:${name}`))
}

/** The path that path-to-regexp 0.1 made `source` of: `^\/users(?:\/([^/]+?))\/?(?=\/|$)` was `/users/:id`. */
export function pathOf(source: string, names: readonly string[]): string {
  const left = [...names]
  let path = ''
  for (let i = 0; i < source.length; i++) {
    const char = source[i]!
    if (char === '(') {
      const end = closing(source, i)
      if (!source.startsWith('(?=', i)) path += (source.startsWith('(?:\\/', i) ? '/' : '') + (left.shift() ?? '*')
      i = '?*+'.includes(source[end + 1] ?? ' ') ? end + 1 : end
    } else if (source.startsWith('\\/?', i)) i += 2
    else if (char === '\\') path += source[++i] ?? ''
    else if (char !== '^' && char !== '$') path += char
  }
  return path
}

/** Where the group that opens at `start` ends. */
function closing(source: string, start: number): number {
  let depth = 0
  for (let i = start; i < source.length; i++) {
    if (source[i] === '\\') i++
    else if (source[i] === '(') depth++
    else if (source[i] === ')' && --depth === 0) return i
  }
  return source.length
}

/** A path with the values of its parameters replaced by their names: all that routers before 2.3 let one know. */
function generalized(path: string, params: Readonly<Record<string, string>>): string {
  const segments = path.split('/')
  for (const [name, value] of Object.entries(params).reverse()) {
    const at = segments.lastIndexOf(encodeURIComponent(String(value)))
    if (at >= 0) segments[at] = `:${name}`
  }
  return segments.join('/')
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

function join(prefix: string, path: string): string {
  const start = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
  if (path === '' || path === '/') return start === '' ? '/' : start
  return path.startsWith('/') ? start + path : `${start}/${path}`
}

function textOf(path: unknown): string {
  return Array.isArray(path) ? path.flat(Number.POSITIVE_INFINITY).map(String).join('|') : String(path)
}
