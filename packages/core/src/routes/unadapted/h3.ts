import { subscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { keepAppearance, replaceMethod } from '../../base/appearance.ts'
import { nameRoute } from '../../http/exchange/route-source.ts'
import { isFirstFound, prototypesIn, prototypeWith } from '../prototypes.ts'
import type { UnadaptedFramework } from '../unadapted-framework.ts'

/**
 * h3, and frameworks that are built on it. In a bundle, as Nitro creates it, its classes are in the scopes of the
 * listener. Version 2 also has a diagnostics channel, if the application enables it (`tracingPlugin`, `tracingChannel`
 * of Nitro).
 */

/**
 * Version 1 stores the matched route in the context of an event, and its router reads the method of each event through
 * a getter. A nested router replaces the route of the outer one, so the previous route is stored here.
 */
export const H3_1: UnadaptedFramework = {
  module: {
    file: /[\\/]h3[\\/]dist[\\/]index\.[cm]js$/,
    listener: /\.handler\([\s\S]*\.onBeforeResponse\b[\s\S]*\.onAfterResponse\b/,
    hook(exports) {
      const prototype = prototypeWith(exports, 'method', 'handled', 'respondWith')
      const method = prototype && Object.getOwnPropertyDescriptor(prototype, 'method')
      if (prototype === undefined || method?.get === undefined || !isFirstFound(prototype)) return
      const { get } = method
      const observed = {
        get(this: NodeEvent) {
          if (this.node?.res !== undefined) nameRoute(this.node.res, routeOfNested, this)
          rememberOuterRoute(this)
          return Reflect.apply(get, this, [])
        },
      }
      Object.defineProperty(prototype, 'method', { ...method, get: keepAppearance(observed.get, get) })
    },
  },
}

/** Version 2 finds the route of an event with a method of the application, and Nitro with one of its own. */
export const H3_2: UnadaptedFramework = {
  module: {
    file: /[\\/]h3[\\/]dist[\\/]_entries[\\/]node\.mjs$/,
    // The source, in all versions, of the function that creates a listener from a function that takes a `Request`.
    listener: /\{\s*req:\s*[\w$]+,\s*res:\s*[\w$]+\s*[,}]/,
    hook(exports) {
      // The class of an application, and its base class.
      for (const prototype of prototypesIn(exports) as Methods[]) {
        const found = NAMES.find(({ find }) => typeof ownValue(prototype, find) === 'function')
        if (found !== undefined && isFirstFound(prototype)) hookApplication(prototype, found)
      }
    },
  },
}

subscribe('tracing:h3.request:start', message => {
  const { event } = message as { readonly event?: WebEvent }
  if (event !== undefined) nameEvent(event, event.runtime?.node?.res)
})

/** The names of the two methods: since version 2.0, and in the release candidates that Nitro 3.0 contains. */
const NAMES = [
  { find: '~findRoute', request: '~request' },
  { find: '_findRoute', request: '_request' },
] as const

type Methods = Record<string, ((this: object, ...given: never[]) => unknown) | undefined>

function ownValue(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value
}

function hookApplication(prototype: Methods, names: (typeof NAMES)[number]): void {
  replaceMethod<string, Find>(prototype as Record<string, Find>, names.find, find => {
    const { observed } = {
      observed(this: object, event: WebEvent) {
        nameEvent(event, event.runtime?.node?.res)
        return find.call(this, event)
      },
    }
    return observed
  })
  replaceMethod<string, Respond>(prototype as Record<string, Respond>, names.request, respond => {
    const { observed } = {
      observed(this: object, request: WebRequest, context?: Event['context']) {
        // Nitro gives its application its own method to find routes, and the context of the event that follows.
        if (Object.hasOwn(this, names.find)) {
          const event = context === undefined ? request : { context }
          nameEvent(event, request.runtime?.node?.res)
        }
        return respond.call(this, request, context)
      },
    }
    return observed
  })
}

type Find = (this: object, event: WebEvent) => unknown
type Respond = (this: object, request: WebRequest, context?: Event['context']) => unknown

/** In version 2 it has the context of its event. */
type WebRequest = WebEvent

interface Event {
  readonly context?: { readonly matchedRoute?: { readonly path?: unknown; readonly route?: unknown } }
}

interface NodeEvent extends Event {
  readonly path?: string
  readonly node?: { readonly req?: { readonly originalUrl?: string }; readonly res?: ServerResponse }
}

interface WebEvent extends Event {
  readonly runtime?: { readonly node?: { readonly res?: ServerResponse } }
}

function nameEvent(event: Event, response: ServerResponse | undefined): void {
  if (response !== undefined) nameRoute(response, routeOf, event)
}

/** The routes that matched before the last one, the outermost first, and whether a part of the path was removed. */
interface Outer {
  readonly routes: Set<unknown>
  isStripped: boolean
}

const OUTER = new WeakMap<NodeEvent, Outer>()

function rememberOuterRoute(event: NodeEvent): void {
  const route = event.context?.matchedRoute
  const { originalUrl } = event.node?.req ?? {}
  const isStripped = originalUrl !== undefined && event.path !== originalUrl
  if (route === undefined && !isStripped) return
  const outer = OUTER.get(event) ?? { routes: new Set(), isStripped: false }
  if (route !== undefined) outer.routes.add(route)
  outer.isStripped ||= isStripped
  OUTER.set(event, outer)
}

/** The template with those of the outer routers; `/*` stands for a part of the path that other code removed. */
function routeOfNested(event: NodeEvent): string | undefined {
  const route = routeOf(event)
  const outer = OUTER.get(event)
  if (route === undefined || outer?.isStripped !== true) return route
  const prefixes = [...outer.routes].filter(each => each !== event.context?.matchedRoute)
  const texts = prefixes.map(prefix => String((prefix as { readonly path?: unknown }).path).replace(/\/\*\*.*$/, ''))
  return `${texts.length === 0 ? '/*' : texts.join('')}${route}`
}

/** The registered path: called `path` in version 1, and `route` in version 2. */
function routeOf({ context }: Event): string | undefined {
  const route = context?.matchedRoute?.path ?? context?.matchedRoute?.route
  return typeof route === 'string' && route !== '' ? route : undefined
}
