import { connectMountOf } from '../connect.ts'
import { ANYWHERE, joinTemplates, routeText } from '../template.ts'
import { mountOf } from './mount-path.ts'
import { isIn, outermost } from './template.ts'
import type { ExpressApp, ExpressRequest, Layer, Route } from './types.ts'

/**
 * What a request is mounted at, as it goes from layer to layer: so that a router has its prefix, too, that a function
 * calls, that is added to another while it serves, or that stands in an application that nobody can ask.
 *
 * Express tells by `baseUrl` what was taken from the path, and each layer what it took. Which templates that were is
 * kept beside it, as a chain that each mounted layer adds to.
 */
export interface Mount {
  /** What was taken from the path, all in all. */
  readonly baseUrl: string
  /** What was left of it. */
  readonly url: string
  readonly prefix: Prefix
  readonly before: Mount | undefined
  /** The application that the request came to; only at the start of the chain. */
  readonly app: ExpressApp | undefined
}

/** A prefix with all that was ever found below it, so that a text is made once for each. */
export class Prefix {
  readonly text: string
  readonly #mounts = new WeakMap<Layer, Prefix>()
  readonly #takingNothing = new WeakSet<Layer>()
  readonly #routes = new WeakMap<Route, string>()

  #behind: Prefix | undefined

  constructor(text: string) {
    this.text = text
  }

  /** What is known of a router that is called by a function, which took away a part of the path first. */
  get behind(): Prefix {
    this.#behind ??= new Prefix(this.text + ANYWHERE)
    return this.#behind
  }

  /** What it is called by that answers here and is no route; undefined where nothing is known of its place. */
  get ofMiddleware(): string | undefined {
    return this.text === '' || this.text === ANYWHERE ? undefined : this.text
  }

  ofMount(layer: Layer): Prefix {
    let prefix = this.#mounts.get(layer)
    if (prefix === undefined) {
      prefix = new Prefix(this.text + mountOf(layer))
      this.#mounts.set(layer, prefix)
    }
    return prefix
  }

  /** True where the layer is known to stand here, and to take something from the path, or nothing. */
  has(layer: Layer, taken: string): boolean {
    return taken === '' ? this.#takingNothing.has(layer) : this.#mounts.has(layer)
  }

  /** Asks the layer whether it would take that from this path; true where it does. */
  learns(layer: Layer, taken: string, url: string): boolean {
    const match = layer.match?.(url.split('?', 1)[0]!)
    if (match === undefined || match === false || trimmed(match.path) !== taken) return false
    if (taken === '') this.#takingNothing.add(layer)
    else this.ofMount(layer)
    return true
  }

  ofRoute(route: Route): string {
    let template = this.#routes.get(route)
    if (template === undefined) {
      template = joinTemplates(this.text, routeText(route.path))
      this.#routes.set(route, template)
    }
    return template
  }
}

const ROOT = new Prefix('')
const BEHIND_A_FUNCTION = new Prefix(ANYWHERE)
const BEHIND_CONNECT = new Map<string, Prefix>()

/** The start of a chain: `arrivedAs` is the path with which the request came, as far as that is known. */
export function startOf(request: ExpressRequest, arrivedAs: string | undefined): Mount {
  const url = (request.baseUrl ?? '') + (request.url ?? '')
  return { baseUrl: '', url, prefix: prefixAt(request, arrivedAs, url), before: undefined, app: request.app }
}

/** What was taken from the path before: connect tells what that is called, and a function does not. */
function prefixAt(request: ExpressRequest, arrivedAs: string | undefined, url: string): Prefix {
  if (arrivedAs === undefined || arrivedAs === url) return ROOT
  const text = connectMountOf(request, url)
  if (text === undefined) return isShortened(arrivedAs, url) ? BEHIND_A_FUNCTION : ROOT
  const known = BEHIND_CONNECT.get(text)
  if (known !== undefined) return known
  const prefix = new Prefix(text)
  BEHIND_CONNECT.set(text, prefix)
  return prefix
}

/** The chain with a layer that the request has just come to. */
export function entered(mount: Mount, layer: Layer, request: ExpressRequest): Mount {
  const { baseUrl = '', url = '' } = request
  const taken = takenBy(layer, mount, baseUrl, url)
  const { length } = trimmed(taken)
  const outside = mountAt(mount, baseUrl.length - length, taken + url, layer, request)
  return length === 0
    ? outside
    : { baseUrl, url, prefix: outside.prefix.ofMount(layer), before: outside, app: undefined }
}

/** The template of a route that the request has come to. */
export function routeTemplateOf(mount: Mount, route: Route, request: ExpressRequest): string {
  const { baseUrl = '', url = '' } = request
  return mountAt(mount, baseUrl.length, url, route, request).prefix.ofRoute(route)
}

/**
 * What a layer took from the path. Before router 2.3 it says what it took last, which may be of another request by now.
 * After that it says nothing, and is asked, once for each place, which of the places it can stand in.
 */
function takenBy(layer: Layer, mount: Mount, baseUrl: string, url: string): string {
  const { path, slash, regexp } = layer
  if (slash === true || regexp?.fast_slash === true) return ''
  if ('path' in layer) return path !== undefined && baseUrl.endsWith(trimmed(path)) ? path : ''
  for (let here: Mount | undefined = mount; here !== undefined; here = here.before) {
    if (!baseUrl.startsWith(here.baseUrl)) continue
    const taken = baseUrl.slice(here.baseUrl.length)
    if (here.prefix.has(layer, taken) || here.prefix.learns(layer, taken, taken + url)) return taken
  }
  return ''
}

function trimmed(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/**
 * Where the request is when so much of its path was taken and `url` is left. Where something put back what had been
 * taken, the path is that of an outer place again, whatever `baseUrl` says. Where something took more away and called a
 * router that stands nowhere, nobody knows what that was.
 */
function mountAt(mount: Mount, length: number, url: string, handler: Layer | Route, request: ExpressRequest): Mount {
  let here = mount
  while (here.baseUrl.length > length && here.before !== undefined) here = here.before
  if (isSame(here.url, url) || !url.startsWith('/')) return here
  for (let outer = here.before; outer !== undefined; outer = outer.before) if (isSame(outer.url, url)) return outer
  if (!isShortened(here.url, url) || isOwn(handler, here, request)) return here
  return { baseUrl: here.baseUrl, url, prefix: here.prefix.behind, before: here, app: undefined }
}

/** Express puts a slash before a rest that has none: `/api?x` becomes `/?x` below `/api`. */
function isSame(url: string, other: string): boolean {
  if (url === other) return true
  return url.length === other.length - 1 && other.replace('/?', '?') === url
}

/** True where a part of the path was taken away. */
export function isShortened(before: string | undefined, after: string): boolean {
  return before !== undefined && before.length > after.length && before.endsWith(after)
}

/** True for what stands in the routers of the application that the request came to. */
function isOwn(handler: Layer | Route, mount: Mount, { app }: ExpressRequest): boolean {
  let start = mount
  while (start.before !== undefined) start = start.before
  const known = OWN.get(handler)
  if (known !== undefined) return known
  let isKnown = false
  if (app !== undefined && start.app !== undefined && outermost(app) === outermost(start.app)) {
    for (let at: ExpressApp | undefined = app; at !== undefined; at = at.parent) isKnown ||= isIn(at, handler)
  }
  OWN.set(handler, isKnown)
  return isKnown
}

const OWN = new WeakMap<Layer | Route, boolean>()
