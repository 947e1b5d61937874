import type { ServerResponse } from 'node:http'
import { shared } from '../../shared.ts'
import type { ExpressRequest, Layer, Next } from './types.ts'

/** The methods by which a router calls the handler of one of its layers: in Express 5, and in Express 4. */
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
 * Has the layers of routers call their handlers by what `passing` and `failing` make of the methods of their class. All
 * others, which are those inside of a route, have the methods themselves, and so has the class.
 */
export function observeLayers(
  layers: LayerMethods,
  passing: (method: Handle) => Handle,
  failing: (method: HandleError) => HandleError,
): void {
  if (OBSERVED.has(layers)) return
  OBSERVED.add(layers)
  for (const name of ['handleRequest', 'handle_request'] as const) replace(layers, name, passing)
  for (const name of ['handleError', 'handle_error'] as const) replace(layers, name, failing)
}

const OBSERVED = shared('observed layers', () => new WeakSet<LayerMethods>())

function replace<Name extends keyof LayerMethods>(
  layers: LayerMethods,
  name: Name,
  observing: (method: NonNullable<LayerMethods[Name]>) => LayerMethods[Name],
): void {
  const own = Object.getOwnPropertyDescriptor(layers, name)
  if (typeof own?.value !== 'function') return
  let method = own.value as NonNullable<LayerMethods[Name]>
  let observed = alike(observing(method), method)
  Object.defineProperty(layers, name, {
    configurable: true,
    enumerable: own.enumerable === true,
    get(this: object) {
      return 'route' in this ? observed : method
    },
    set(this: object, value) {
      if (this !== layers) Object.defineProperty(this, name, { ...own, value })
      else {
        method = value
        observed = alike(observing(method), method)
      }
    },
  })
}

/** Gives a function the name and the number of parameters of another. */
export function alike<T>(copy: T, { name, length }: { readonly name: string; readonly length: number }): T {
  return Object.defineProperties(copy, {
    name: { value: name, configurable: true },
    length: { value: length, configurable: true },
  })
}
