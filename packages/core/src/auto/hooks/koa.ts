import type { IncomingMessage, ServerResponse } from 'node:http'
import { keepAppearance, replaceMethod, replaceMethodOf } from '../../base/appearance.ts'
import { noteError } from '../../http/exchange/followed-exchanges.ts'
import { nameRoute, nameUnnamedRoute } from '../../http/exchange/route-source.ts'
import { nameUpgrade } from '../../http/exchange/upgrades.ts'
import { type KoaContext, koaRouteOf, observeKoa } from '../../routes/koa.ts'
import { isFirstFound, prototypeWith } from '../../routes/prototypes.ts'

/** The paths of Koa's application class, and of the prototype of all contexts. */
export const KOA_FILE: RegExp = /[\\/]koa[\\/]lib[\\/]application\.js$/
export const KOA_CONTEXT_FILE: RegExp = /[\\/]koa[\\/]lib[\\/]context\.js$/

/** Matches the source of its listener, in a bundle too. */
export const KOA_LISTENER: RegExp = /\.createContext\([\s\S]*\.handleRequest\(/

type Context = Omit<KoaContext, 'res'> & {
  readonly req?: IncomingMessage
  readonly res: ServerResponse
  readonly onerror?: unknown
}
type Middleware = (context: Context) => Promise<unknown>

/** The methods of Koa's application class that are used here. */
interface KoaPrototype {
  createContext?: CreateContext
  handleRequest?: HandleRequest
}

type CreateContext = (this: unknown, request: IncomingMessage, response: ServerResponse | undefined) => Context
type HandleRequest = (this: unknown, context: Context, middleware: Middleware) => unknown

/**
 * Names the requests of all applications of this class when their contexts are created. That function has returned
 * before a middleware runs, so that no frame of promherd is in the stack of an error that a middleware throws.
 */
export function hookKoa(exports: unknown): void {
  const prototype = prototypeWith<KoaPrototype>(exports, 'createContext', 'handleRequest', 'callback')
  if (prototype === undefined || !isFirstFound(prototype)) return
  replaceMethod<'createContext', CreateContext>(prototype, 'createContext', createContext => {
    const { observed } = {
      observed(this: unknown, request: IncomingMessage, response: ServerResponse | undefined) {
        const context = createContext.call(this, request, response)
        // koa-websocket creates a context for a connection, without a response.
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
        return handleRequest.call(this, context, withErrorsRecorded(middleware))
      },
    }
    return observed
  })
}

/**
 * Records the errors that the middlewares of an application throw: Koa passes them to a method of the context. Koa
 * calls that method at the end of each response, too. There a context is found that was created by a method which is
 * not hooked: Feathers copies the methods of Koa's class before the program listens.
 */
export function hookKoaContext(exports: unknown): void {
  const contexts = exports as { onerror?: (this: Context, error: unknown) => unknown }
  replaceMethod(contexts, 'onerror', onerror => {
    const { observed } = {
      observed(this: Context, error: unknown) {
        // At the end of a response its argument is empty, or the error of the connection.
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

/** True for an application that handles errors itself, as koa-onerror does, and if the contexts are in a bundle. */
function hasOwnOnerror(application: object): boolean {
  const { context } = application as { readonly context?: { readonly onerror?: unknown } }
  return typeof context?.onerror === 'function' && !OBSERVED.has(context.onerror)
}

// An application creates its middleware once.
const WRAPPED = new WeakMap<Middleware, Middleware>()

/** The same middleware, with its failures recorded. */
function withErrorsRecorded(middleware: Middleware): Middleware {
  let known = WRAPPED.get(middleware)
  if (known === undefined) {
    const observed = async (context: Context): Promise<unknown> => {
      try {
        return await middleware(context)
      } catch (error) {
        noteError(context.res, error)
        throw error
      }
    }
    known = keepAppearance(observed, middleware)
    WRAPPED.set(middleware, known)
  }
  return known
}
