import type { IncomingMessage, ServerResponse } from 'node:http'
import { type KoaContext, koaRouteOf, observeKoa } from '../../frameworks/koa.ts'
import { isFirstFound, prototypeWith } from '../../frameworks/unadapted/classes.ts'
import { nameRoute, noteError } from '../../http/follow.ts'
import { nameUpgrade } from '../../http/upgrades.ts'

/** Where Koa keeps its application. */
export const KOA_FILE: RegExp = /[\\/]koa[\\/]lib[\\/]application\.js$/

/** How its listener reads, in a bundle too. */
export const KOA_LISTENER: RegExp = /\.createContext\([\s\S]*\.handleRequest\(/

type Context = Omit<KoaContext, 'res'> & { readonly res: ServerResponse }
type Middleware = (context: Context) => Promise<unknown>

/** As much of the class of Koa's applications as is touched. */
interface KoaPrototype {
  createContext?: (this: unknown, request: IncomingMessage, response: ServerResponse | undefined) => Context
  handleRequest?: (this: unknown, context: Context, middleware: Middleware) => unknown
}

/** Has the requests of all applications of this class named: the method is looked up anew with each of them. */
export function hookKoa(exports: unknown): void {
  const prototype = prototypeWith<KoaPrototype>(exports, 'createContext', 'handleRequest', 'callback')
  const handleRequest = prototype?.handleRequest
  if (prototype === undefined || typeof handleRequest !== 'function' || !isFirstFound(prototype)) return
  hookSockets(prototype)
  prototype.handleRequest = function promherdHandle(context, middleware) {
    observeKoa(context)
    nameRoute(context.res, koaRouteOf, context)
    return handleRequest.call(this, context, noticing(middleware))
  }
}

/** koa-websocket makes a context for a connection, and no response. */
function hookSockets(prototype: KoaPrototype): void {
  const { createContext } = prototype
  if (typeof createContext !== 'function') return
  prototype.createContext = function promherdContext(request, response) {
    const context = createContext.call(this, request, response)
    if (response === undefined) nameUpgrade(request, koaRouteOf, context)
    return context
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
