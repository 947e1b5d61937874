import type { ServerResponse } from 'node:http'
import {
  canShape,
  type ExpressApp,
  type ExpressRequest,
  expressRouterOf,
  type Layer,
  shape,
} from '@promherd/core/frameworks'

/** Begins to follow a request; must not throw. */
export type Begin = (request: ExpressRequest, response: ServerResponse) => void

/**
 * Has a middleware that stands before everything else called by the application instead of its router, where it costs
 * no layer and comes before Express changes the prototypes of the request. Answers false, and changes nothing, where
 * something stands before it: what that answers is not to be recorded.
 */
export function moveToFront(app: ExpressApp, middleware: unknown, begin: Begin): boolean {
  const router = expressRouterOf(app)
  if (router === undefined || typeof app.handle !== 'function') return false
  const { stack } = router
  // Express 4 puts two of its own into each application.
  const layer = stack[1]?.name === 'expressInit' ? stack[2] : stack[0]
  if (layer === undefined || layer.handle !== middleware || !isForAll(layer)) return false
  beginnersOf(app).push(begin)
  // Another list, since requests that are under way count the layers of the one that they began with.
  router.stack = stack.filter(other => other !== layer)
  return true
}

type Handle = (this: ExpressApp, request: ExpressRequest, response: ServerResponse, done?: unknown) => unknown

/** Who is called when a request comes to an application. */
const BEGINNERS = new WeakMap<ExpressApp, Begin[]>()

function beginnersOf(app: ExpressApp): Begin[] {
  const known = BEGINNERS.get(app)
  if (known !== undefined) return known
  const beginners: Begin[] = []
  BEGINNERS.set(app, beginners)
  const handle = app.handle as Handle
  const isShaped = canShape(app)
  app.handle = function (this: ExpressApp, request: ExpressRequest, response: ServerResponse, done?: unknown) {
    for (let i = 0; i < beginners.length; i++) beginners[i]!(request, response)
    if (isShaped) shape(request, response)
    return handle.call(this, request, response, done)
  }
  return beginners
}

function isForAll({ route, slash, regexp }: Layer): boolean {
  return route === undefined && (slash === true || regexp?.fast_slash === true)
}
