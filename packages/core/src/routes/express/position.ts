import { connectMountOf } from '../connect-mount.ts'
import { ANYWHERE, joinTemplates, routeText } from '../template.ts'
import { mountOf } from './mount-path.ts'
import { hasHandler, outermost } from './template.ts'
import type { ExpressApp, ExpressRequest, Layer, Route } from './types.ts'

/**
 * The position of a request in the tree of routers. It is updated for each layer that the request reaches. So a router
 * has its prefix even if a function calls it, if it is added to another router at run time, or if it belongs to an
 * application that cannot be inspected.
 *
 * Express stores the removed part of the path in `baseUrl`, and each layer stores the part that it removed. The
 * templates of these parts are stored here, as a chain to which each mounted layer adds an entry.
 */
export interface Position {
  /** The whole part of the path that was removed so far. */
  readonly baseUrl: string
  /** The rest of the path. */
  readonly url: string
  readonly prefix: Prefix
  readonly before: Position | undefined
  /** The application that received the request. Only the first entry of the chain has it. */
  readonly app: ExpressApp | undefined
}

/** A prefix with all prefixes and routes that were found below it, so that each string is built once. */
class Prefix {
  readonly text: string
  readonly #mounts = new WeakMap<Layer, Prefix>()
  readonly #withoutRemoval = new WeakSet<Layer>()
  readonly #routes = new WeakMap<Route, string>()

  #withUnknownPart: Prefix | undefined

  constructor(text: string) {
    this.text = text
  }

  /** The prefix of a router that a function calls after it has removed a part of the path. */
  get withUnknownPart(): Prefix {
    this.#withUnknownPart ??= new Prefix(this.text + ANYWHERE)
    return this.#withUnknownPart
  }

  /** The route label of a middleware that responds at this position; undefined if its mount path is not known. */
  get middlewareRoute(): string | undefined {
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

  /** True if it is known that the layer removes the part `removed` at this position, or no part if that is empty. */
  has(layer: Layer, removed: string): boolean {
    return removed === '' ? this.#withoutRemoval.has(layer) : this.#mounts.has(layer)
  }

  /** Checks whether the layer removes `removed` from the path of `url`, and remembers it if so. Returns the result. */
  learn(layer: Layer, removed: string, url: string): boolean {
    const match = layer.match?.(url.split('?', 1)[0]!)
    if (match === undefined || match === false || withoutTrailingSlash(match.path) !== removed) return false
    if (removed === '') this.#withoutRemoval.add(layer)
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
const UNKNOWN_PREFIX = new Prefix(ANYWHERE)
const CONNECT_PREFIXES = new Map<string, Prefix>()

/** The first position of a request. `originalPath` is its path before any function changed it, if that is known. */
export function firstPosition(request: ExpressRequest, originalPath: string | undefined): Position {
  const url = (request.baseUrl ?? '') + (request.url ?? '')
  return { baseUrl: '', url, prefix: prefixAt(request, originalPath, url), before: undefined, app: request.app }
}

/** The prefix for the part of the path that was removed before Express: known for connect, unknown for functions. */
function prefixAt(request: ExpressRequest, originalPath: string | undefined, url: string): Prefix {
  if (originalPath === undefined || originalPath === url) return ROOT
  const text = connectMountOf(request, url)
  if (text === undefined) return isShortened(originalPath, url) ? UNKNOWN_PREFIX : ROOT
  const known = CONNECT_PREFIXES.get(text)
  if (known !== undefined) return known
  const prefix = new Prefix(text)
  CONNECT_PREFIXES.set(text, prefix)
  return prefix
}

/** The position of a request that has just reached `layer`. */
export function enterLayer(position: Position, layer: Layer, request: ExpressRequest): Position {
  const { baseUrl = '', url = '' } = request
  const removed = removedBy(layer, position, baseUrl, url)
  const { length } = withoutTrailingSlash(removed)
  const outside = positionAt(position, baseUrl.length - length, removed + url, layer, request)
  return length === 0
    ? outside
    : { baseUrl, url, prefix: outside.prefix.ofMount(layer), before: outside, app: undefined }
}

/** The template of the route that a request has reached. */
export function routeTemplateOf(position: Position, route: Route, request: ExpressRequest): string {
  const { baseUrl = '', url = '' } = request
  return positionAt(position, baseUrl.length, url, route, request).prefix.ofRoute(route)
}

/**
 * The part of the path that a layer removed. Before router 2.3, a layer stores the part that it removed last, possibly
 * for another request. Since 2.3 it stores no part: each possible position is checked, once for each layer.
 */
function removedBy(layer: Layer, position: Position, baseUrl: string, url: string): string {
  const { path, slash, regexp } = layer
  if (slash === true || regexp?.fast_slash === true) return ''
  if ('path' in layer) return path !== undefined && baseUrl.endsWith(withoutTrailingSlash(path)) ? path : ''
  for (let here: Position | undefined = position; here !== undefined; here = here.before) {
    if (!baseUrl.startsWith(here.baseUrl)) continue
    const removed = baseUrl.slice(here.baseUrl.length)
    if (here.prefix.has(layer, removed) || here.prefix.learn(layer, removed, removed + url)) return removed
  }
  return ''
}

function withoutTrailingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/**
 * The position of a request whose path has lost `length` characters, with the rest `url`. If a function has restored a
 * removed part, this is an outer position, independent of `baseUrl`. If a function has removed another part and called a
 * router that is registered nowhere, that part is unknown.
 */
function positionAt(
  position: Position,
  length: number,
  url: string,
  handler: Layer | Route,
  request: ExpressRequest,
): Position {
  let here = position
  while (here.baseUrl.length > length && here.before !== undefined) here = here.before
  if (isSame(here.url, url) || !url.startsWith('/')) return here
  for (let outer = here.before; outer !== undefined; outer = outer.before) if (isSame(outer.url, url)) return outer
  if (!isShortened(here.url, url) || isRegistered(handler, here, request)) return here
  return { baseUrl: here.baseUrl, url, prefix: here.prefix.withUnknownPart, before: here, app: undefined }
}

/** Express adds a slash to a rest that does not begin with one: `/api?x` becomes `/?x` below `/api`. */
function isSame(url: string, other: string): boolean {
  if (url === other) return true
  return url.length === other.length - 1 && other.replace('/?', '?') === url
}

/** True if a part of the path was removed. */
export function isShortened(before: string | undefined, after: string): boolean {
  return before !== undefined && before.length > after.length && before.endsWith(after)
}

/** True if a layer or route is registered in the application that received the request, or in its parents. */
function isRegistered(handler: Layer | Route, position: Position, { app }: ExpressRequest): boolean {
  let start = position
  while (start.before !== undefined) start = start.before
  const known = REGISTERED.get(handler)
  if (known !== undefined) return known
  let isKnown = false
  if (app !== undefined && start.app !== undefined && outermost(app) === outermost(start.app)) {
    for (let at: ExpressApp | undefined = app; at !== undefined; at = at.parent) isKnown ||= hasHandler(at, handler)
  }
  REGISTERED.set(handler, isKnown)
  return isKnown
}

const REGISTERED = new WeakMap<Layer | Route, boolean>()
