import type { ServerResponse } from 'node:http'
import { connectMountOf } from '../../frameworks/connect.ts'
import { cameShortened, isSeen, keepStateOf, observe, routeOf } from '../../frameworks/express/observe.ts'
import { shaping } from '../../frameworks/express/shape.ts'
import { templateOf } from '../../frameworks/express/template.ts'
import { type ExpressApp, type ExpressRequest, routerOf } from '../../frameworks/express/types.ts'
import { ANYWHERE, joinTemplates } from '../../frameworks/template.ts'
import { watchArrivals } from '../../http/arrival.ts'
import { isUnmatched } from '../../http/labels.ts'
import type { HttpRecorder } from '../../http/recorder.ts'
import type { RequestServer } from '../../http/watch-server.ts'

/**
 * The applications of Express that a server has. One that listens to the server itself (as `app.listen` and
 * `createServer(app)` have it) is known before the first request; one behind a function of the user's shows itself by
 * its first request.
 */
export class ExpressServer {
  readonly #server: RequestServer
  readonly #recorder: HttpRecorder
  #shape: ((request: ExpressRequest, response: ServerResponse) => void) | undefined
  /** How many requests came while no Express was known. */
  #early = 0

  constructor(server: RequestServer, recorder: HttpRecorder) {
    this.#server = server
    this.#recorder = recorder
    watchArrivals()
    this.look()
  }

  /** Looks at who listens to the server now. */
  look(): void {
    for (const listener of this.#server.listeners('request')) {
      if (!isApp(listener) || !hasRoutes(listener)) continue
      this.#shape = shaping(this.#server, listener)
      arrive(listener)
    }
  }

  /** To be called with each request before Express sees it. */
  begin(request: ExpressRequest, response: ServerResponse): void {
    if (!isUsed && ++this.#early > EARLY) return
    keepStateOf(request, response, this.#recorder)
    this.#shape?.(request, response)
  }
}

/** The application of Express that has answered a request, or tried to; undefined where none has. */
export function expressAppOf(request: ExpressRequest): ExpressApp | undefined {
  const { app } = request
  return app !== undefined && (OBSERVED.has(app) || isApp(app)) ? app : undefined
}

/** The template of the route of a request that has come to `app`; undefined where none answered. */
export function expressRouteOf(request: ExpressRequest, app: ExpressApp): string | undefined {
  const root = rootOf(app)
  if (OBSERVED.has(root)) return routeOf(request)
  // A function of another application has called it.
  if (isSeen(request)) {
    arrive(root)
    return routeOf(request)
  }
  // It came before the application was known: its route was chosen while nobody looked.
  arrive(root)
  const { route, baseUrl, res } = request
  if (route === undefined || isUnmatched(res?.statusCode ?? 0)) return undefined
  const template = templateOf(route, app, baseUrl ?? '')
  const mounted = connectMountOf(request, (baseUrl ?? '') + (request.url ?? ''))
  if (mounted !== undefined) return joinTemplates(mounted, template)
  return cameShortened(request) && !template.startsWith(`${ANYWHERE}/`) ? joinTemplates(ANYWHERE, template) : template
}

/** So many requests are looked at for an application that a function calls: the first of its requests shows it. */
const EARLY = 100

// Requests of others need no state while there is no Express.
let isUsed = false
const OBSERVED = new WeakSet<ExpressApp>()

function arrive(app: ExpressApp): void {
  if (OBSERVED.has(app)) return
  OBSERVED.add(app)
  isUsed = true
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

/** To look at an application that has none yet would make its router, and fix what may still be set. */
function hasRoutes(app: ExpressApp): boolean {
  try {
    return (routerOf(app)?.stack.length ?? 0) > 0
  } catch {
    // Express 4 throws where there is no router yet.
    return false
  }
}
