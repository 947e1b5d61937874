import { subscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { nameRoute } from '../../http/follow.ts'
import type { Framework } from './framework.ts'

/**
 * h3, and what is built on it. A bundle, as Nitro makes it, has nothing that could be hooked: only the diagnostics
 * channel of version 2 is there, where the application asks for it (`tracingPlugin`, `tracingChannel` of Nitro).
 */

/**
 * Version 1 keeps the route that matched in the context of an event, and its router asks each event for its method by a
 * getter. A router in a router replaces the route of the one around it, so what was there before is kept beside it.
 */
export const H3_1: Framework = {
  module: {
    file: /[\\/]h3[\\/]dist[\\/]index\.[cm]js$/,
    imported: {
      name: 'h3',
      files: ['dist/index.mjs'],
      isUsedBy: server => server.listeners('request').some(({ name }) => name === 'toNodeHandle'),
    },
    hook(exports) {
      const prototype = (exports as { H3Event?: { prototype: object } }).H3Event?.prototype
      const method = prototype && Object.getOwnPropertyDescriptor(prototype, 'method')
      if (prototype === undefined || method?.get === undefined) return
      const { get } = method
      Object.defineProperty(prototype, 'method', {
        ...method,
        get(this: NodeEvent) {
          if (this.node?.res !== undefined) nameRoute(this.node.res, routeOfNested, this)
          keepOuter(this)
          return Reflect.apply(get, this, [])
        },
      })
    },
  },
}

/** Version 2 looks for the route of an event by a method of the application. */
export const H3_2: Framework = {
  module: {
    file: /[\\/]h3[\\/]dist[\\/]_entries[\\/]node\.mjs$/,
    imported: {
      name: 'h3',
      files: ['dist/_entries/node.mjs'],
      isUsedBy: server => server.listeners('request').some(listener => '__fetchHandler' in listener),
    },
    hook(exports) {
      const prototype = (exports as { H3?: { prototype: Finder } }).H3?.prototype
      const find = prototype?.[FIND]
      if (prototype === undefined || typeof find !== 'function') return
      prototype[FIND] = function promherdFind(event) {
        nameEvent(event, event.runtime?.node?.res)
        return find.call(this, event)
      }
    },
  },
}

subscribe('tracing:h3.request:start', message => {
  const { event } = message as { readonly event?: WebEvent }
  if (event !== undefined) nameEvent(event, event.runtime?.node?.res)
})

const FIND = '~findRoute'

interface Finder {
  [FIND]?: (this: unknown, event: WebEvent) => unknown
}

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

/** The routes that matched before the last one, the outermost first, and whether a part of the path was taken off. */
interface Outer {
  readonly routes: Set<unknown>
  isStripped: boolean
}

const OUTER = new WeakMap<NodeEvent, Outer>()

function keepOuter(event: NodeEvent): void {
  const route = event.context?.matchedRoute
  const { originalUrl } = event.node?.req ?? {}
  const isStripped = originalUrl !== undefined && event.path !== originalUrl
  if (route === undefined && !isStripped) return
  const outer = OUTER.get(event) ?? { routes: new Set(), isStripped: false }
  if (route !== undefined) outer.routes.add(route)
  outer.isStripped ||= isStripped
  OUTER.set(event, outer)
}

/** The template with those of the routers around it; where something else took off a part of the path, it has none. */
function routeOfNested(event: NodeEvent): string | undefined {
  const route = routeOf(event)
  const outer = OUTER.get(event)
  if (route === undefined || outer?.isStripped !== true) return route
  const prefixes = [...outer.routes].filter(each => each !== event.context?.matchedRoute)
  const texts = prefixes.map(prefix => String((prefix as { readonly path?: unknown }).path).replace(/\/\*\*.*$/, ''))
  return `${texts.length === 0 ? '/*' : texts.join('')}${route}`
}

/** What was registered: called `path` in version 1, and `route` in version 2. */
function routeOf({ context }: Event): string | undefined {
  const route = context?.matchedRoute?.path ?? context?.matchedRoute?.route
  return typeof route === 'string' && route !== '' ? route : undefined
}
