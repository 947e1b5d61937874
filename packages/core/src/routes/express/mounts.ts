import { connectMountOf } from '../connect.ts'
import { ANYWHERE, joinTemplates, routeText } from '../template.ts'
import { mountOf } from './mount-path.ts'
import { isIn, outermost } from './template.ts'
import type { ExpressApp, ExpressRequest, Layer, Route } from './types.ts'

/**
 * Tracks the mount path of a request, as it goes from layer to layer. So a router has its prefix even if a function
 * calls it, if it is added to another one while that serves, or if it belongs to an application that cannot be
 * inspected.
 *
 * The part that was removed from the path is in Express's `baseUrl`, and each layer has the part that it removed. The
 * templates of these parts are kept here, as a chain to which each mounted layer adds an entry.
 */
export interface Mount {
  /** Everything that was removed from the path so far. */
  readonly baseUrl: string
  /** The rest of the path. */
  readonly url: string
  readonly prefix: Prefix
  readonly before: Mount | undefined
  /** The application that received the request; only at the start of the chain. */
  readonly app: ExpressApp | undefined
}

/** A prefix with all prefixes and routes that were found below it, so that each string is built once. */
export class Prefix {
  readonly text: string
  readonly #mounts = new WeakMap<Layer, Prefix>()
  readonly #takingNothing = new WeakSet<Layer>()
  readonly #routes = new WeakMap<Route, string>()

  #behind: Prefix | undefined

  constructor(text: string) {
    this.text = text
  }

  /** The prefix of a router that is called by a function, which removed a part of the path first. */
  get behind(): Prefix {
    this.#behind ??= new Prefix(this.text + ANYWHERE)
    return this.#behind
  }

  /** The route label of a middleware that answers here; undefined if its mount path is not known. */
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

  /** True if the layer is known at this position, with `taken` as the part that it removes, or with nothing removed. */
  has(layer: Layer, taken: string): boolean {
    return taken === '' ? this.#takingNothing.has(layer) : this.#mounts.has(layer)
  }

  /** Checks whether the layer would remove that part from this path; true if it would. */
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

/** The start of a chain: `arrivedAs` is the path with which the request arrived, if that is known. */
export function startOf(request: ExpressRequest, arrivedAs: string | undefined): Mount {
  const url = (request.baseUrl ?? '') + (request.url ?? '')
  return { baseUrl: '', url, prefix: prefixAt(request, arrivedAs, url), before: undefined, app: request.app }
}

/** The prefix for the part of the path that was removed before: known if connect did it, unknown if a function did. */
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

/** The chain with a layer that the request has just reached. */
export function entered(mount: Mount, layer: Layer, request: ExpressRequest): Mount {
  const { baseUrl = '', url = '' } = request
  const taken = takenBy(layer, mount, baseUrl, url)
  const { length } = trimmed(taken)
  const outside = mountAt(mount, baseUrl.length - length, taken + url, layer, request)
  return length === 0
    ? outside
    : { baseUrl, url, prefix: outside.prefix.ofMount(layer), before: outside, app: undefined }
}

/** The template of a route that the request has reached. */
export function routeTemplateOf(mount: Mount, route: Route, request: ExpressRequest): string {
  const { baseUrl = '', url = '' } = request
  return mountAt(mount, baseUrl.length, url, route, request).prefix.ofRoute(route)
}

/**
 * The part of the path that a layer removed. Before router 2.3 a layer stores the last removed part, which may be of
 * another request by now. Since 2.3 it stores nothing, and is checked, once for each position, against the positions
 * that are possible.
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
 * The position of the request when a part of `length` was removed from its path and `url` is left. If code restored a
 * removed part, the path is that of an outer position again, whatever `baseUrl` is. If code removed more and called a
 * router that is not registered anywhere, the removed part is unknown.
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

/** True if a part of the path was removed. */
export function isShortened(before: string | undefined, after: string): boolean {
  return before !== undefined && before.length > after.length && before.endsWith(after)
}

/** True for a layer or route in the routers of the application that received the request. */
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
