import type { IncomingMessage, ServerResponse } from 'node:http'
import { alike, replaceMethod, replaceMethodOf } from '../../alike.ts'
import { type KoaContext, koaRouteOf, observeKoa } from '../../frameworks/koa.ts'
import { isFirstFound, prototypeWith } from '../../frameworks/unadapted/classes.ts'
import { nameRoute, nameUnnamedRoute, noteError } from '../../http/follow.ts'
import { nameUpgrade } from '../../http/upgrades.ts'

/** Where Koa keeps its application, and what all contexts inherit from. */
export const KOA_FILE: RegExp = /[\\/]koa[\\/]lib[\\/]application\.js$/
export const KOA_CONTEXT_FILE: RegExp = /[\\/]koa[\\/]lib[\\/]context\.js$/

/** How its listener reads, in a bundle too. */
export const KOA_LISTENER: RegExp = /\.createContext\([\s\S]*\.handleRequest\(/

type Context = Omit<KoaContext, 'res'> & {
  readonly req?: IncomingMessage
  readonly res: ServerResponse
  readonly onerror?: unknown
}
type Middleware = (context: Context) => Promise<unknown>

/** As much of the class of Koa's applications as is touched. */
interface KoaPrototype {
  createContext?: CreateContext
  handleRequest?: HandleRequest
}

type CreateContext = (this: unknown, request: IncomingMessage, response: ServerResponse | undefined) => Context
type HandleRequest = (this: unknown, context: Context, middleware: Middleware) => unknown

/**
 * Has the requests of all applications of this class named, where their contexts are made: that has returned before a
 * middleware runs, so that nothing of ours is in the stack of what one throws.
 */
export function hookKoa(exports: unknown): void {
  const prototype = prototypeWith<KoaPrototype>(exports, 'createContext', 'handleRequest', 'callback')
  if (prototype === undefined || !isFirstFound(prototype)) return
  replaceMethod<'createContext', CreateContext>(prototype, 'createContext', createContext => {
    const { observed } = {
      observed(this: unknown, request: IncomingMessage, response: ServerResponse | undefined) {
        const context = createContext.call(this, request, response)
        // koa-websocket makes a context for a connection, and no response.
        if (response === undefined) nameUpgrade(request, koaRouteOf, context)
        else {
          observeKoa(context)
          nameRoute(response, koaRouteOf, context)
        }
        return context
      },
    }
    return observed
  })
  replaceMethodOf<'handleRequest', HandleRequest>(prototype, 'handleRequest', hasOwnOnerror, handleRequest => {
    const { observed } = {
      observed(this: unknown, context: Context, middleware: Middleware) {
        return handleRequest.call(this, context, noticing(middleware))
      },
    }
    return observed
  })
}

/**
 * Has what the middlewares of an application throw noted: Koa gives it to a method of the context. It calls that at the
 * end of each response, too, where a context can be found that was made by a method which is not hooked: Feathers copies
 * the methods of Koa's class before the program listens.
 */
export function hookKoaContext(exports: unknown): void {
  const contexts = exports as { onerror?: (this: Context, error: unknown) => unknown }
  replaceMethod(contexts, 'onerror', onerror => {
    const { observed } = {
      observed(this: Context, error: unknown) {
        // At the end of a response it is given nothing, or what its connection failed by.
        const { res } = this
        if (res !== undefined) nameUnnamedRoute(res, koaRouteOf, this)
        if (error != null && res !== undefined && error !== this.req?.socket.errored) noteError(res, error)
        return onerror.call(this, error)
      },
    }
    return observed
  })
  if (typeof contexts.onerror === 'function') OBSERVED.add(contexts.onerror)
}

const OBSERVED = new WeakSet<object>()

/** True for an application that answers errors itself, as koa-onerror does, and where the contexts are in a bundle. */
function hasOwnOnerror(application: object): boolean {
  const { context } = application as { readonly context?: { readonly onerror?: unknown } }
  return typeof context?.onerror === 'function' && !OBSERVED.has(context.onerror)
}

// An application makes its middleware once.
const NOTICING = new WeakMap<Middleware, Middleware>()

/** The same middleware, whose failures are noted. */
function noticing(middleware: Middleware): Middleware {
  let known = NOTICING.get(middleware)
  if (known === undefined) {
    const noting = async (context: Context): Promise<unknown> => {
      try {
        return await middleware(context)
      } catch (error) {
        noteError(context.res, error)
        throw error
      }
    }
    known = alike(noting, middleware)
    NOTICING.set(middleware, known)
  }
  return known
}
