import type { ServerResponse } from 'node:http'
import type { HttpRecorder } from '../../http/http-recorder.ts'
import { isUnmatched } from '../../http/labels/labels.ts'
import { watchArrivals } from '../../http/watch/arrival.ts'
import type { RequestServer } from '../../http/watch/watch-server.ts'
import { connectMountOf } from '../../routes/connect-mount.ts'
import { createState, isSeen, observe, routeOf, wasPathShortened } from '../../routes/express/observe.ts'
import { propertyPredefiner } from '../../routes/express/predefined-properties.ts'
import { templateOf } from '../../routes/express/template.ts'
import { type ExpressApp, type ExpressRequest, routerOf } from '../../routes/express/types.ts'
import { ANYWHERE, joinTemplates } from '../../routes/template.ts'

/**
 * Finds the Express applications of a server. An application that is itself a listener of the server (by `app.listen`
 * and `createServer(app)`) is known before the first request; one that a user's function calls is found at its first
 * request.
 */
export class ExpressServer {
  readonly #server: RequestServer
  readonly #recorder: HttpRecorder
  #predefine: ((request: ExpressRequest, response: ServerResponse) => void) | undefined
  /** How many requests came before an Express application was found. */
  #earlyRequests = 0

  constructor(server: RequestServer, recorder: HttpRecorder) {
    this.#server = server
    this.#recorder = recorder
    watchArrivals()
    this.findApps()
  }

  /** Scans the current listeners of the server. */
  findApps(): void {
    for (const listener of this.#server.listeners('request')) {
      if (!isApp(listener) || !hasRoutes(listener)) continue
      this.#predefine = propertyPredefiner(this.#server, listener)
      observeApp(listener)
    }
  }

  /** Must be called with each request before Express sees it. */
  begin(request: ExpressRequest, response: ServerResponse): void {
    if (!hasApp && ++this.#earlyRequests > MAX_EARLY_REQUESTS) return
    createState(request, response, this.#recorder)
    this.#predefine?.(request, response)
  }
}

/** The Express application that answered a request, or tried to; undefined if there is none. */
export function expressAppOf(request: ExpressRequest): ExpressApp | undefined {
  const { app } = request
  return app !== undefined && (OBSERVED.has(app) || isApp(app)) ? app : undefined
}

/** The route template of a request that reached `app`; undefined if no route answered. */
export function expressRouteOf(request: ExpressRequest, app: ExpressApp): string | undefined {
  const root = rootOf(app)
  if (OBSERVED.has(root)) return routeOf(request)
  // A function of another application has called it.
  if (isSeen(request)) {
    observeApp(root)
    return routeOf(request)
  }
  // The request came before the application was known: its route was chosen while it was not observed.
  observeApp(root)
  const { route, baseUrl, res } = request
  if (route === undefined || isUnmatched(res?.statusCode ?? 0)) return undefined
  const template = templateOf(route, app, baseUrl ?? '')
  const mounted = connectMountOf(request, (baseUrl ?? '') + (request.url ?? ''))
  if (mounted !== undefined) return joinTemplates(mounted, template)
  return wasPathShortened(request) && !template.startsWith(`${ANYWHERE}/`)
    ? joinTemplates(ANYWHERE, template)
    : template
}

/**
 * The number of requests for which state is kept to find an application that a function calls: its first request shows
 * it.
 */
const MAX_EARLY_REQUESTS = 100

// Requests of other frameworks need no state while there is no Express application.
let hasApp = false
const OBSERVED = new WeakSet<ExpressApp>()

function observeApp(app: ExpressApp): void {
  if (OBSERVED.has(app)) return
  OBSERVED.add(app)
  hasApp = true
  observe(app)
}

function rootOf(app: ExpressApp): ExpressApp {
  return app.parent === undefined ? app : rootOf(app.parent)
}

function isApp(value: unknown): value is ExpressApp {
  if (typeof value !== 'function') return false
  const { handle, request, response, use } = value as Partial<ExpressApp>
  return [handle, use].every(isFunction) && [request, response].every(isObject)
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** Reading the router of an application that has none yet would create it, and fix settings that may still change. */
function hasRoutes(app: ExpressApp): boolean {
  try {
    return (routerOf(app)?.stack.length ?? 0) > 0
  } catch {
    // Express 4 throws if there is no router yet.
    return false
  }
}
