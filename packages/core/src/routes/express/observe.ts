import type { ServerResponse } from 'node:http'
import { shared } from '../../base/shared.ts'
import { noteError } from '../../http/exchange/followed-exchanges.ts'
import { ownerOfUpgrade } from '../../http/exchange/upgrades.ts'
import { isUnmatched } from '../../http/labels/labels.ts'
import type { Recorder } from '../../http/recorder.ts'
import { Hidden } from '../../http/response/hidden.ts'
import { arrivalOf } from '../../http/watch/arrival.ts'
import { feathersRouteOf } from '../feathers.ts'
import { type Handle, type HandleError, type LayerMethods, observeLayers } from './layer-methods.ts'
import { enterLayer, firstPosition, isShortened, type Position, routeTemplateOf } from './position.ts'
import { mountTemplateOf, templateOf } from './template.ts'
import { type ExpressApp, type ExpressRequest, type Layer, type Next, type Route, routerOf } from './types.ts'

/**
 * Records what Express does with a request and does not store: the route when it is called, while `baseUrl` is still
 * correct, whether a middleware was called after it, and the errors that are passed to `next`.
 *
 * All of it is observed where a router calls a layer, in the layer class of the first application that is seen, so that
 * every copy and version of Express works. Applications, routers and requests get no properties of promherd.
 */
export function observe(app: ExpressApp): void {
  if (SEEN.has(app)) return
  const layer = routerOf(app)?.stack[0]
  if (layer === undefined) return
  SEEN.add(app)
  observeLayers(Object.getPrototypeOf(layer) as LayerMethods, observeHandle, observeHandleError)
}

const SEEN = shared('observed Express applications', () => new WeakSet<ExpressApp>())

/** Creates the state of `request`. This is cheap as long as Express has not changed the prototype of the request. */
export function createState(request: ExpressRequest, response: ServerResponse, errors: ErrorReporter): void {
  if (stateOf(response) !== undefined) return
  new Observed(response, {
    errors,
    route: request.route,
    template: undefined,
    isPassed: false,
    hasFailed: false,
    middleware: undefined,
    app: undefined,
    originalPath: arrivalOf(request),
    isPathComplete: !request.baseUrl,
    position: undefined,
    next: undefined,
    nextWithErrors: undefined,
  })
}

/** The template of the route that responded, or the mount path of the middleware that responded; else undefined. */
export function routeOf(request: Upgradable): string | undefined {
  const route = respondingRouteOf(request)
  // express-ws adds `.websocket` to the path of a WebSocket and of its route.
  return request.upgrade === true ? route?.replace(/(?<=.)\/\.websocket$|\.websocket$/, '') : route
}

function respondingRouteOf(request: ExpressRequest): string | undefined {
  const { res, route } = request
  const state = stateOf(res)
  if (state !== undefined) {
    // The route was chosen and never called: one of its parameters failed.
    if (route !== undefined && route !== state.route) {
      recordRoute(request, state, route)
      state.hasFailed = true
    }
    const error = lastErrorOf(request)
    if (error !== undefined && !state.hasFailed) recordError(state, res!, error)
  }
  // If every route has passed the request on, a 404 is not a response of the last of them.
  const isPassed = state?.isPassed || (request.next === undefined && !state?.hasFailed)
  const status = res?.statusCode ?? 0
  const service = state?.template === undefined ? feathersRouteOf(request) : undefined
  if (service !== undefined) return service
  if (isPassed && status === 404) return undefined
  if (state?.template !== undefined || state?.middleware === undefined || isUnmatched(status)) return state?.template
  return state.position === undefined
    ? mountTemplateOf(state.middleware, state.app)
    : state.position.prefix.middlewareRoute
}

/** True if a function removed a part of the path before Express saw the request. */
export function wasPathShortened(request: ExpressRequest & { readonly originalUrl?: string }): boolean {
  return isShortened(stateOf(request.res)?.originalPath, request.originalUrl ?? '')
}

/** True if a layer of an observed application has received the request. */
export function isSeen(request: ExpressRequest): boolean {
  return stateOf(request.res)?.position !== undefined
}

/** A recorder, or the owner of its exchanges. */
type ErrorReporter = Pick<Recorder, 'reportError'>

/** The state of one request. It is stored on the response, which Express changes less than the request. */
interface State {
  readonly errors: ErrorReporter
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
  readonly originalPath: string | undefined
  /** False if routers had removed a part of the path before the request was seen. */
  readonly isPathComplete: boolean
  /**
   * The position of the middleware that was called last. Undefined before the first one, and if not all layers were
   * observed.
   */
  position: Position | undefined
  /** `next` of the outermost router, and the function that records its error and calls it. */
  next: Next | undefined
  nextWithErrors: Next | undefined
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
function stateOfRequest(request: Upgradable, response: ServerResponse | undefined): State | undefined {
  const state = stateOf(response)
  if (state !== undefined || request.upgrade !== true || response === undefined) return state
  const owner = ownerOfUpgrade(request)
  if (owner !== undefined) createState(request, response, owner)
  return stateOf(response)
}

function recordMount(state: State, layer: Layer, request: ExpressRequest): void {
  try {
    state.position = enterLayer(state.position ?? firstPosition(request, state.originalPath), layer, request)
  } catch (error) {
    state.errors.reportError(`the mount path of a request could not be determined: ${String(error)}`)
  }
}

function recordRoute(request: ExpressRequest, state: State, route: Route): void {
  state.route = route
  state.isPassed = false
  try {
    if (request.app === undefined) state.template = undefined
    else if (!state.isPathComplete) state.template = templateOf(route, request.app, request.baseUrl ?? '')
    else {
      state.position ??= firstPosition(request, state.originalPath)
      state.template = routeTemplateOf(state.position, route, request)
    }
  } catch (error) {
    state.errors.reportError(`the route of a request could not be determined: ${String(error)}`)
  }
}

function recordError(state: State, response: ServerResponse, error: unknown): void {
  state.hasFailed = true
  noteError(response, error)
}

/** The errors that routers since 2.3 store on a request, also those that reached no layer. */
function lastErrorOf(request: ExpressRequest): unknown {
  const errors = (request as { [ERRORS]?: unknown })[ERRORS]
  return errors instanceof Set ? [...errors].at(-1) : undefined
}

const ERRORS = Symbol.for('router.tracing.publishedErrors')

function observeHandle(handle: Handle): Handle {
  const { observed } = {
    observed(this: Layer, request: ExpressRequest, response: ServerResponse, next: Next) {
      const state = stateOfRequest(request, response)
      if (state === undefined) return handle.call(this, request, response, next)
      // A layer of a route has one; a layer of a middleware has the property, but it is undefined.
      if (this.route !== undefined) recordRoute(request, state, this.route)
      else {
        state.isPassed = true
        state.middleware = this
        state.app = request.app
        if (state.isPathComplete) recordMount(state, this, request)
      }
      return handle.call(
        this,
        request,
        response,
        this.rawPath === undefined ? nextWithErrors(state, response, next) : next,
      )
    },
  }
  return observed
}

/**
 * The `next` for the layers of the outermost router. Before router 2.3 it is the only way to observe an error that no
 * layer handles. All layers of a router receive the same function.
 */
function nextWithErrors(state: State, response: ServerResponse, next: Next): Next {
  if (state.next === undefined) {
    state.next = next
    const nextWithErrors = (error?: unknown): void => {
      if (error && error !== 'route' && error !== 'router') recordError(state, response, error)
      next(error)
    }
    // Copying its other properties would cost each request more than it is worth.
    Object.defineProperty(nextWithErrors, 'name', { value: next.name })
    state.nextWithErrors = nextWithErrors
  }
  return next === state.next ? state.nextWithErrors! : next
}

function observeHandleError(handleError: HandleError): HandleError {
  const { observed } = {
    observed(this: Layer, error: unknown, request: ExpressRequest, response: ServerResponse, next: Next) {
      const state = stateOf(response)
      if (state !== undefined) recordError(state, response, error)
      return handleError.call(this, error, request, response, next)
    },
  }
  return observed
}
