import type { IncomingMessage } from 'node:http'
import { replaceMethod } from '../../base/appearance.ts'
import { isFirstFound, prototypeWith } from '../prototypes.ts'
import { OTHER_FRAMEWORK, type UnadaptedFramework } from '../unadapted-framework.ts'

/**
 * polka creates the parameters of a request when it finds the route, in an inherited method: so the route is stored
 * with the parameters, which polka then puts on the request. The mount path of an application is recorded from its
 * parents, which are searched before it.
 */
export const POLKA: UnadaptedFramework = {
  routeOf(request) {
    const { params, search, path, originalUrl } = request as PolkaRequest
    if (!isHooked || search === undefined || path === undefined || originalUrl === undefined) return OTHER_FRAMEWORK
    const found = params === undefined ? undefined : FOUND.get(params)
    return found === undefined ? undefined : `${prefixOf(found.app, originalUrl)}${found.pattern}`
  },
  module: {
    file: /[\\/]polka[\\/]index\.js$/,
    // A method that is bound to its application.
    listener: /^function \(\) \{ \[native code\] \}$/,
    hook(exports) {
      const made = typeof exports === 'function' ? { app: (exports as () => Polka)() } : exports
      const prototype = prototypeWith<Polka>(made, 'handler', 'listen', 'use')
      if (prototype === undefined || !isFirstFound(prototype)) return
      isHooked = true
      // polka inherits it from the router that it extends.
      let holder: Polka | null = prototype
      while (holder !== null && !Object.hasOwn(holder, 'find')) holder = Object.getPrototypeOf(holder) as Polka | null
      replaceMethod(holder ?? undefined, 'find', find => {
        const { observed } = {
          observed(this: Polka, method: string, path: string) {
            const found = find.call(this, method, path)
            if (this.apps !== undefined) remember(this, method, found)
            return found
          },
        }
        return observed
      })
    },
  },
}

interface PolkaRequest extends IncomingMessage {
  readonly params?: object
  readonly search?: unknown
  readonly path?: unknown
  readonly originalUrl?: string
}

/** An application: its handlers by method and pattern, and the mounted applications by their paths. */
interface Polka {
  readonly handlers: Readonly<Record<string, Readonly<Record<string, object>>>>
  /** Undefined in a router that is not part of polka. */
  readonly apps?: Readonly<Record<string, Polka>>
  find(method: string, path: string): { readonly params: object; readonly handlers: object } | false
}

let isHooked = false
const FOUND = new WeakMap<object, { readonly app: Polka; readonly pattern: string }>()
const PATTERNS = new WeakMap<object, string>()
const MOUNTS = new WeakMap<Polka, Map<string, Polka>>()

function remember(app: Polka, method: string, found: ReturnType<Polka['find']>): void {
  if (found !== false) {
    const pattern = PATTERNS.get(found.handlers) ?? patternOf(app, method, found.handlers)
    if (pattern !== undefined) FOUND.set(found.params, { app, pattern })
    return
  }
  for (const base in app.apps) {
    const mounted = app.apps![base]!
    const mounts = MOUNTS.get(mounted) ?? new Map<string, Polka>()
    mounts.set(base, app)
    MOUNTS.set(mounted, mounts)
  }
}

/** The pattern that the handlers were registered for, with a leading slash. */
function patternOf({ handlers }: Polka, method: string, wanted: object): string | undefined {
  for (const table of [handlers[method], handlers['*']]) {
    for (const [pattern, found] of Object.entries(table ?? {})) {
      if (found !== wanted) continue
      const path = pattern.startsWith('/') ? pattern : `/${pattern}`
      PATTERNS.set(wanted, path)
      return path
    }
  }
  return undefined
}

/** The mount path of an application: among several, the one that the URL begins with. */
function prefixOf(app: Polka, url: string): string {
  const mounts = MOUNTS.get(app)
  if (mounts === undefined) return ''
  // The parent's path comes first in the URL, so only the rest is compared with the path of the mounted application.
  for (const [base, above] of mounts) {
    const prefix = prefixOf(above, url)
    const rest = url.slice(prefix.length)
    if (rest.startsWith(base) && !/^[^/?#]/.test(rest.slice(base.length))) return `${prefix}${base}`
  }
  return '/*'
}
