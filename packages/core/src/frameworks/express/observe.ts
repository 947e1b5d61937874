import { IncomingMessage, type ServerResponse } from 'node:http'
import { isUnmatched } from '../../http/labels.ts'
import type { HttpRecorder } from '../../http/recorder.ts'
import { mountTemplateOf, templateOf } from './template.ts'
import { type ExpressApp, type ExpressRequest, type Layer, type Next, type Route, routerOf } from './types.ts'

/**
 * Sees what Express does with a request and says so nowhere afterwards: the route at the moment it is chosen, when
 * `baseUrl` is still right, that a middleware went on after it, and errors on their way.
 *
 * Three places are watched, each found on the first application that is seen, so that every copy and version of
 * Express is served: the property `route` of requests, the two methods that call a layer, and the end of the stack.
 */
export function observe(app: ExpressApp): void {
  if (SEEN.has(app)) return
  SEEN.add(app)
  watchRoute(prototypeOfRequests(app.request))
  app.use(promherdLast)
  const layer = routerOf(app)?.stack[0]
  if (layer !== undefined) watchLayers(Object.getPrototypeOf(layer) as LayerMethods)
}

/** Begins to keep what is seen of `request`. Where its prototype is not yet Express's, this costs next to nothing. */
export function keepStateOf(request: ExpressRequest, response: ServerResponse, recorder: HttpRecorder): void {
  if ((response as Observed)[STATE] !== undefined) return
  ;(response as Observed)[STATE] = {
    recorder,
    route: request.route,
    template: undefined,
    isPassed: false,
    hasFailed: false,
    middleware: undefined,
    app: undefined,
  }
}

/** The template of the route that answered, or what the middleware is mounted at that did instead; else undefined. */
export function routeOf(request: ExpressRequest): string | undefined {
  const { res } = request
  const state = stateOf(res)
  // A 404 after every route has passed the request on is no answer of the last of them.
  const isPassed = state?.isPassed || (request.next === undefined && !state?.hasFailed)
  const status = res?.statusCode ?? 0
  if (isPassed && status === 404) return undefined
  if (state?.template !== undefined || state?.middleware === undefined || isUnmatched(status)) return state?.template
  return mountTemplateOf(state.middleware, state.app)
}

/** What is known of one request. It hangs on the response, which Express leaves alone more than the request. */
interface State {
  readonly recorder: HttpRecorder
  /** What the property `route` of the request holds. */
  route: Route | undefined
  template: string | undefined
  /** A middleware was called after the route. */
  isPassed: boolean
  hasFailed: boolean
  /** The middleware that was called last, and the application that it is of. */
  middleware: Layer | undefined
  app: ExpressApp | undefined
}

// Of all copies of this package: what one of them watches, the others need not.
const STATE = Symbol.for('promherd.express.state.v1')
const ROUTE = Symbol.for('promherd.express.route.v1')
const WATCHED = Symbol.for('promherd.express.watched.v1')
const SEEN = new WeakSet<object>()
type Observed = ServerResponse & { [STATE]?: State }
type Routed = ExpressRequest & { [ROUTE]?: Route | undefined }

/** Stands behind all handlers, so that there is a layer that an error comes to. */
function promherdLast(error: unknown, _request: ExpressRequest, _response: ServerResponse, next: Next): void {
  next(error)
}

/** What all requests of one copy of Express inherit from. */
function prototypeOfRequests(request: object): object {
  let prototype = request
  for (let above = request; above !== null; above = Object.getPrototypeOf(above) as object) {
    if (above === IncomingMessage.prototype) return prototype
    prototype = above
  }
  return request
}

function watchRoute(prototype: object): void {
  if (ROUTE in prototype) return
  Object.defineProperty(prototype, ROUTE, { value: undefined, writable: true })
  Object.defineProperty(prototype, 'route', {
    configurable: true,
    get(this: Routed) {
      const state = stateOf(this.res)
      return state === undefined ? this[ROUTE] : state.route
    },
    set(this: Routed, route: Route | undefined) {
      const state = stateOf(this.res)
      if (state === undefined) this[ROUTE] = route
      else chosen(this, state, route)
    },
  })
}

function stateOf(response: ServerResponse | undefined): State | undefined {
  return (response as Observed | undefined)?.[STATE]
}

function chosen(request: Routed, state: State, route: Route | undefined): void {
  // Express sets it twice, when the layer matches and when the route is run.
  if (state.route === route && !state.isPassed && state.template !== undefined) return
  state.route = route
  state.isPassed = false
  try {
    if (route === undefined || request.app === undefined) state.template = undefined
    else state.template = templateOf(route, request.app, request.baseUrl ?? '')
  } catch (error) {
    state.recorder.store.trouble('http', `a route could not be told: ${String(error)}`)
  }
}

type Handle = (this: Layer, request: ExpressRequest, response: ServerResponse, next: Next) => void
type HandleError = (this: Layer, error: unknown, request: ExpressRequest, response: ServerResponse, next: Next) => void

/** What calls the handler of a layer: in Express 5, and in Express 4. */
interface LayerMethods {
  [WATCHED]?: true
  handleRequest?: Handle
  handleError?: HandleError
  handle_request?: Handle
  handle_error?: HandleError
}

function watchLayers(layers: LayerMethods): void {
  if (layers[WATCHED]) return
  layers[WATCHED] = true
  if (layers.handleRequest !== undefined) layers.handleRequest = passing(layers.handleRequest)
  if (layers.handle_request !== undefined) layers.handle_request = passing(layers.handle_request)
  if (layers.handleError !== undefined) layers.handleError = failing(layers.handleError)
  if (layers.handle_error !== undefined) layers.handle_error = failing(layers.handle_error)
}

function passing(handle: Handle): Handle {
  return function handleRequest(request, response, next) {
    // The layers inside a route have no property `route`, the layer of a route has one, that of a middleware an empty one.
    if (this.route === undefined && 'route' in this) {
      const state = stateOf(response)
      if (state !== undefined) {
        state.isPassed = true
        state.middleware = this
        state.app = request.app
      }
    }
    return handle.call(this, request, response, next)
  }
}

function failing(handleError: HandleError): HandleError {
  return function handle(error, request, response, next) {
    const state = stateOf(response)
    if (state !== undefined) {
      state.hasFailed = true
      state.recorder.fail(response, error)
    }
    return handleError.call(this, error, request, response, next)
  }
}
