import type { ServerResponse } from 'node:http'
import { replaceMethodOf } from '../../base/appearance.ts'
import { shared } from '../../base/shared.ts'
import type { ExpressRequest, Layer, Next } from './types.ts'

/** The methods with which a router calls the handler of one of its layers: in Express 5, and in Express 4. */
export interface LayerMethods {
  handleRequest?: Handle
  handleError?: HandleError
  handle_request?: Handle
  handle_error?: HandleError
}

export type Handle = (this: Layer, request: ExpressRequest, response: ServerResponse, next: Next) => void

export type HandleError = (
  this: Layer,
  error: unknown,
  request: ExpressRequest,
  response: ServerResponse,
  next: Next,
) => void

/**
 * Replaces the methods with which layers of routers call their handlers by the results of `wrapHandle` and
 * `wrapHandleError`. All other layers, which are those inside a route, keep the original methods, and so does the
 * class.
 */
export function observeLayers(
  layers: LayerMethods,
  wrapHandle: (method: Handle) => Handle,
  wrapHandleError: (method: HandleError) => HandleError,
): void {
  if (OBSERVED.has(layers)) return
  OBSERVED.add(layers)
  for (const name of ['handleRequest', 'handle_request'] as const)
    replaceMethodOf(layers, name, isRouterLayer, wrapHandle)
  for (const name of ['handleError', 'handle_error'] as const)
    replaceMethodOf(layers, name, isRouterLayer, wrapHandleError)
}

const OBSERVED = shared('observed layers', () => new WeakSet<LayerMethods>())

/** Layers of routers have a route, or a `route` property that is undefined. */
function isRouterLayer(layer: object): boolean {
  return 'route' in layer
}
