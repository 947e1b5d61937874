import type { ServerResponse } from 'node:http'
import { type KoaContext, koaRouteOf } from '../../frameworks/koa.ts'
import { nameRoute, noteError } from '../../http/follow.ts'

/** Where Koa keeps its application. */
export const KOA_FILE: RegExp = /[\\/]koa[\\/]lib[\\/]application\.js$/

type Context = KoaContext & { readonly res: ServerResponse }
type Middleware = (context: Context) => Promise<unknown>

/** As much of the class of Koa's applications as is touched. */
interface KoaPrototype {
  handleRequest?: (this: unknown, context: Context, middleware: Middleware) => unknown
}

/** Has the requests of all applications of this class named: the method is looked up anew with each of them. */
export function hookKoa(exports: unknown): void {
  const application = (exports as { prototype?: KoaPrototype; default?: { prototype?: KoaPrototype } }) ?? {}
  const prototype = application.prototype ?? application.default?.prototype
  const handleRequest = prototype?.handleRequest
  if (prototype === undefined || typeof handleRequest !== 'function') return
  prototype.handleRequest = function promherdHandle(context, middleware) {
    nameRoute(context.res, koaRouteOf, context)
    return handleRequest.call(this, context, noticing(middleware))
  }
}

// An application makes its middleware once.
const NOTICING = new WeakMap<Middleware, Middleware>()

/** The same middleware, whose failures are noted. */
function noticing(middleware: Middleware): Middleware {
  let known = NOTICING.get(middleware)
  if (known === undefined) {
    known = async context => {
      try {
        return await middleware(context)
      } catch (error) {
        noteError(context.res, error)
        throw error
      }
    }
    NOTICING.set(middleware, known)
  }
  return known
}
