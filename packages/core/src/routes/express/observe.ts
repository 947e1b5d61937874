import type { ServerResponse } from 'node:http'
import { shared } from '../../base/shared.ts'
import { ownerOfUpgrade } from '../../http/exchange/upgrades.ts'
import { isUnmatched } from '../../http/labels/labels.ts'
import type { HttpRecorder } from '../../http/recorder.ts'
import { Hidden } from '../../http/response/hidden.ts'
import { arrivalOf } from '../../http/watch/arrival.ts'
import { feathersRouteOf } from '../feathers.ts'
import { type Handle, type HandleError, type LayerMethods, observeLayers } from './layers.ts'
import { entered, isShortened, type Mount, routeTemplateOf, startOf } from './mounts.ts'
import { mountTemplateOf, templateOf } from './template.ts'
import { type ExpressApp, type ExpressRequest, type Layer, type Next, type Route, routerOf } from './types.ts'

/**
 * Records what Express does with a request and does not store afterwards: the route when it is called, while `baseUrl`
 * is still correct, that a middleware continued after it, and the errors that are passed on.
 *
 * All of it is observed where a router calls a layer, in the layer class of the first application that is seen, so that
 * every copy and version of Express works. Applications, routers and requests get no properties of promherd.
 */
export function observe(app: ExpressApp): void {
  if (SEEN.has(app)) return
  const layer = routerOf(app)?.stack[0]
  if (layer === undefined) return
  SEEN.add(app)
  observeLayers(Object.getPrototypeOf(layer) as LayerMethods, passing, failing)
}

const SEEN = shared('seen Express', () => new WeakSet<ExpressApp>())

/** Starts to keep state of `request`. Before Express changes its prototype, this costs next to nothing. */
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
    arrivedAs: arrivalOf(request),
    isWhole: !request.baseUrl,
    mount: undefined,
    next: undefined,
    noting: undefined,
  })
}

/** The template of the route that answered, or the mount path of the middleware that did; else undefined. */
export function routeOf(request: Upgradable): string | undefined {
  const route = answeringRouteOf(request)
  // express-ws adds that to the path of a WebSocket and of its route.
  return request.upgrade === true ? route?.replace(/(?<=.)\/\.websocket$|\.websocket$/, '') : route
}

function answeringRouteOf(request: ExpressRequest): string | undefined {
  const { res, route } = request
  const state = stateOf(res)
  if (state !== undefined) {
    // The route was chosen and never called: one of its parameters failed.
    if (route !== undefined && route !== state.route) {
      chosen(request, state, route)
      state.hasFailed = true
    }
    const error = lastErrorOf(request)
    if (error !== undefined && !state.hasFailed) failed(state, res!, error)
  }
  // If every route has passed the request on, a 404 is not a response of the last of them.
  const isPassed = state?.isPassed || (request.next === undefined && !state?.hasFailed)
  const status = res?.statusCode ?? 0
  const service = state?.template === undefined ? feathersRouteOf(request) : undefined
  if (service !== undefined) return service
  if (isPassed && status === 404) return undefined
  if (state?.template !== undefined || state?.middleware === undefined || isUnmatched(status)) return state?.template
  return state.mount === undefined ? mountTemplateOf(state.middleware, state.app) : state.mount.prefix.ofMiddleware
}

/** True if a function removed a part of the path before Express saw the request. */
export function cameShortened(request: ExpressRequest & { readonly originalUrl?: string }): boolean {
  return isShortened(stateOf(request.res)?.arrivedAs, request.originalUrl ?? '')
}

/** True if a layer of an observed application has handled the request. */
export function isSeen(request: ExpressRequest): boolean {
  return stateOf(request.res)?.mount !== undefined
}

/** The state of one request. It is stored on the response, which Express changes less than the request. */
interface State {
  readonly recorder: HttpRecorder
  /** The route that was called last. */
  route: Route | undefined
  template: string | undefined
  /** True if a middleware was called after the route. */
  isPassed: boolean
  hasFailed: boolean
  /** The middleware that was called last, and its application. */
  middleware: Layer | undefined
  app: ExpressApp | undefined
  /** The path that the request had before it was changed, if that is known. */
  readonly arrivedAs: string | undefined
  /** False if routers had removed a part of the path before the request was seen. */
  readonly isWhole: boolean
  /**
   * The position of the middleware that was called last; undefined before the first one, and if not all layers were
   * seen.
   */
  mount: Mount | undefined
  /** The next function of the outermost router, and the function that records the error that it is called with. */
  next: Next | undefined
  noting: Next | undefined
}

/** Stores the state on a response. */
const Observed = shared(
  'state of Express',
  () =>
    class Observed extends Hidden {
      readonly #state: State

      constructor(response: ServerResponse, state: State) {
        super(response)
        this.#state = state
      }

      static of(response: object): State | undefined {
        return #state in response ? (response as Observed).#state : undefined
      }
    },
)

function stateOf(response: ServerResponse | undefined): State | undefined {
  return response === undefined ? undefined : Observed.of(response)
}

type Upgradable = ExpressRequest & { readonly upgrade?: boolean }

/** express-ws passes a WebSocket to its application with a placeholder response. */
function stateOfRouted(request: Upgradable, response: ServerResponse | undefined): State | undefined {
  const state = stateOf(response)
  if (state !== undefined || request.upgrade !== true || response === undefined) return state
  const owner = ownerOfUpgrade(request)
  if (owner !== undefined) keepStateOf(request, response, owner as HttpRecorder)
  return stateOf(response)
}

function enter(state: State, layer: Layer, request: ExpressRequest): void {
  try {
    state.mount = entered(state.mount ?? startOf(request, state.arrivedAs), layer, request)
  } catch (error) {
    state.recorder.store.reportError('http', `what is mounted could not be told: ${String(error)}`)
  }
}

function chosen(request: ExpressRequest, state: State, route: Route): void {
  state.route = route
  state.isPassed = false
  try {
    if (request.app === undefined) state.template = undefined
    else if (!state.isWhole) state.template = templateOf(route, request.app, request.baseUrl ?? '')
    else {
      state.mount ??= startOf(request, state.arrivedAs)
      state.template = routeTemplateOf(state.mount, route, request)
    }
  } catch (error) {
    state.recorder.store.reportError('http', `a route could not be told: ${String(error)}`)
  }
}

function failed(state: State, response: ServerResponse, error: unknown): void {
  state.hasFailed = true
  state.recorder.fail(response, error)
}

/** The errors that routers since 2.3 store on a request, also those that reached no layer. */
function lastErrorOf(request: ExpressRequest): unknown {
  const errors = (request as { [ERRORS]?: unknown })[ERRORS]
  return errors instanceof Set ? [...errors].at(-1) : undefined
}

const ERRORS = Symbol.for('router.tracing.publishedErrors')

function passing(handle: Handle): Handle {
  const { observed } = {
    observed(this: Layer, request: ExpressRequest, response: ServerResponse, next: Next) {
      const state = stateOfRouted(request, response)
      if (state === undefined) return handle.call(this, request, response, next)
      // A layer of a route has one; a layer of a middleware has the property, but it is undefined.
      if (this.route !== undefined) chosen(request, state, this.route)
      else {
        state.isPassed = true
        state.middleware = this
        state.app = request.app
        if (state.isWhole) enter(state, this, request)
      }
      return handle.call(this, request, response, this.rawPath === undefined ? noting(state, response, next) : next)
    },
  }
  return observed
}

/**
 * The next function for the layers of the outermost router: before 2.3 it is the only way to see an error that no layer
 * handles. All layers of a router get the same function.
 */
function noting(state: State, response: ServerResponse, next: Next): Next {
  if (state.next === undefined) {
    state.next = next
    const noting = (error?: unknown): void => {
      if (error && error !== 'route' && error !== 'router') failed(state, response, error)
      next(error)
    }
    // Copying its other properties would cost each request more than it is worth.
    Object.defineProperty(noting, 'name', { value: next.name })
    state.noting = noting
  }
  return next === state.next ? state.noting! : next
}

function failing(handleError: HandleError): HandleError {
  const { observed } = {
    observed(this: Layer, error: unknown, request: ExpressRequest, response: ServerResponse, next: Next) {
      const state = stateOf(response)
      if (state !== undefined) failed(state, response, error)
      return handleError.call(this, error, request, response, next)
    },
  }
  return observed
}
