import type { ServerResponse } from 'node:http'
import { Hidden } from '../../http/hidden.ts'
import { isUnmatched } from '../../http/labels.ts'
import type { HttpRecorder } from '../../http/recorder.ts'
import { feathersRouteOf } from '../feathers.ts'
import { alike, type Handle, type HandleError, type LayerMethods, observeLayers } from './layers.ts'
import { mountTemplateOf, templateOf } from './template.ts'
import { type ExpressApp, type ExpressRequest, type Layer, type Next, type Route, routerOf } from './types.ts'

/**
 * Sees what Express does with a request and keeps nowhere afterwards: the route when it is called, while `baseUrl` is
 * still right, that a middleware went on after it, and errors on their way.
 *
 * All of it is seen where a router calls a layer, in the class of layers of the first application that is seen, so that
 * every copy and version of Express is served. Applications, routers and requests have nothing of promherd's.
 */
export function observe(app: ExpressApp): void {
  if (SEEN.has(app)) return
  const layer = routerOf(app)?.stack[0]
  if (layer === undefined) return
  SEEN.add(app)
  observeLayers(Object.getPrototypeOf(layer) as LayerMethods, passing, failing)
}

const SEEN = new WeakSet<ExpressApp>()

/** Begins to keep what is seen of `request`. Where its prototype is not yet Express's, this costs next to nothing. */
export function keepStateOf(request: ExpressRequest, response: ServerResponse, recorder: HttpRecorder): void {
  if (stateOf(response) !== undefined) return
  new Observed(response, {
    recorder,
    route: request.route,
    template: undefined,
    isPassed: false,
    hasFailed: false,
    middleware: undefined,
    app: undefined,
    next: undefined,
    noting: undefined,
  })
}

/** The template of the route that answered, or what the middleware is mounted at that did instead; else undefined. */
export function routeOf(request: ExpressRequest): string | undefined {
  const { res, route } = request
  const state = stateOf(res)
  if (state !== undefined) {
    // Chosen and never called: one of its parameters failed.
    if (route !== undefined && route !== state.route) {
      chosen(request, state, route)
      state.hasFailed = true
    }
    const error = lastErrorOf(request)
    if (error !== undefined && !state.hasFailed) failed(state, res!, error)
  }
  // A 404 after every route has passed the request on is no answer of the last of them.
  const isPassed = state?.isPassed || (request.next === undefined && !state?.hasFailed)
  const status = res?.statusCode ?? 0
  const service = state?.template === undefined ? feathersRouteOf(request) : undefined
  if (service !== undefined) return service
  if (isPassed && status === 404) return undefined
  if (state?.template !== undefined || state?.middleware === undefined || isUnmatched(status)) return state?.template
  return mountTemplateOf(state.middleware, state.app)
}

/** What is known of one request. It hangs on the response, which Express leaves alone more than the request. */
interface State {
  readonly recorder: HttpRecorder
  /** The route that was called last. */
  route: Route | undefined
  template: string | undefined
  /** A middleware was called after the route. */
  isPassed: boolean
  hasFailed: boolean
  /** The middleware that was called last, and the application that it is of. */
  middleware: Layer | undefined
  app: ExpressApp | undefined
  /** What the outermost router is to be called with next, and what notes the error that it is called with. */
  next: Next | undefined
  noting: Next | undefined
}

/** Where a response has its state. */
class Observed extends Hidden {
  readonly #state: State

  constructor(response: ServerResponse, state: State) {
    super(response)
    this.#state = state
  }

  static of(response: object): State | undefined {
    return #state in response ? (response as Observed).#state : undefined
  }
}

function stateOf(response: ServerResponse | undefined): State | undefined {
  return response === undefined ? undefined : Observed.of(response)
}

function chosen(request: ExpressRequest, state: State, route: Route): void {
  state.route = route
  state.isPassed = false
  try {
    if (request.app === undefined) state.template = undefined
    else state.template = templateOf(route, request.app, request.baseUrl ?? '')
  } catch (error) {
    state.recorder.store.trouble('http', `a route could not be told: ${String(error)}`)
  }
}

function failed(state: State, response: ServerResponse, error: unknown): void {
  state.hasFailed = true
  state.recorder.fail(response, error)
}

/** What routers since 2.3 keep on a request: its errors, also those that came to no layer. */
function lastErrorOf(request: ExpressRequest): unknown {
  const errors = (request as { [ERRORS]?: unknown })[ERRORS]
  return errors instanceof Set ? [...errors].at(-1) : undefined
}

const ERRORS = Symbol.for('router.tracing.publishedErrors')

function passing(handle: Handle): Handle {
  return function handleRequest(request, response, next) {
    const state = stateOf(response)
    if (state === undefined) return handle.call(this, request, response, next)
    // The layer of a route has one, that of a middleware an empty property.
    if (this.route !== undefined) chosen(request, state, this.route)
    else {
      state.isPassed = true
      state.middleware = this
      state.app = request.app
    }
    return handle.call(this, request, response, this.rawPath === undefined ? noting(state, response, next) : next)
  }
}

/**
 * What the layers of the outermost router are to call: before 2.3 an error that no layer is there for is known to nobody
 * else. All layers of a router are given the same.
 */
function noting(state: State, response: ServerResponse, next: Next): Next {
  if (state.next === undefined) {
    state.next = next
    state.noting = alike((error?: unknown): void => {
      if (error && error !== 'route' && error !== 'router') failed(state, response, error)
      next(error)
    }, next)
  }
  return next === state.next ? state.noting! : next
}

function failing(handleError: HandleError): HandleError {
  return function handle(error, request, response, next) {
    const state = stateOf(response)
    if (state !== undefined) failed(state, response, error)
    return handleError.call(this, error, request, response, next)
  }
}
