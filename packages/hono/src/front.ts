import type { Context, Handler } from 'hono'
import type { RouterRoute } from 'hono/types'

/**
 * Hono calls a handler that is alone for a request directly. With a middleware before it, it composes the two, which
 * costs several promises and more than all that is recorded. So a middleware that stands first takes the handler
 * behind it to itself: in the list of handlers that the router keeps for a route, one entry then stands for both.
 *
 * There is one moment at which that is safe, which is when the first request of a list is at its first handler: all
 * others that are under way have other lists. Where something stands before the middleware, or the list does not look
 * as expected, nothing is changed. A router that makes a new list for each request gains nothing, and is left alone
 * after a while.
 */
export class Front {
  readonly #middleware: Handler
  readonly #joined: (handler: Handler, routes: readonly RouterRoute[]) => Handler
  /** What the router found is under this key of a request. */
  #key: symbol | undefined
  #joins = 0
  #isReused = false

  /** `joined` makes what stands for `middleware` and the handler together; `routes` are those of the whole list. */
  constructor(middleware: Handler, joined: (handler: Handler, routes: readonly RouterRoute[]) => Handler) {
    this.#middleware = middleware
    this.#joined = joined
  }

  /**
   * To be called by the middleware in the turn in which it is called itself. Answers the handler that is to be called
   * instead of `next`, or undefined where nothing was joined.
   */
  join({ req }: Context): Handler | undefined {
    if (this.#joins === MOST_JOINS && !this.#isReused) return undefined
    this.#key ??= keyOfMatch(req)
    const list = this.#key === undefined ? undefined : listAt(req, this.#key)
    if (list === undefined) {
      this.#joins = MOST_JOINS
      return undefined
    }
    if (list.length < 2 || list[0]![0][0] !== this.#middleware) return undefined
    const [[handler, route], parameters] = list[1]!
    const joined = this.#joined(
      handler,
      list.slice(1).map(([[, route]]) => route),
    )
    list.splice(0, 2, [[joined, route], parameters])
    this.#joins++
    return list.length === 1 ? answeringAlone(handler) : handler
  }

  /** To be called by what was joined: then the router keeps its lists. */
  reused(): void {
    this.#isReused = true
  }
}

/** The first request is composed still: a handler that answers nothing is answered for as where it is alone. */
function answeringAlone(handler: Handler): Handler {
  return async (context, next) => (await handler(context, next)) ?? (context.finalized ? undefined : context.notFound())
}

/** How many lists are changed before it is clear that the router keeps none. */
const MOST_JOINS = 1000

/** What a router has found: a handler with its route, and where the parameters of the path are. */
type Entry = [pair: [handler: Handler, route: RouterRoute], parameters: unknown]

/** Hono keeps what its router found under a symbol that it does not export; each of its builds has one of its own. */
function keyOfMatch(request: object): symbol | undefined {
  const prototype = Object.getPrototypeOf(request) as object
  return Object.getOwnPropertySymbols(prototype).find(key => listAt(request, key) !== undefined)
}

function listAt(request: object, key: symbol): Entry[] | undefined {
  const result = (request as Record<symbol, unknown>)[key]
  const list: unknown = Array.isArray(result) ? result[0] : undefined
  return Array.isArray(list) && isEntry(list[0]) && (list.length < 2 || isEntry(list[1])) ? list : undefined
}

function isEntry(entry: unknown): entry is Entry {
  return Array.isArray(entry) && Array.isArray(entry[0]) && typeof entry[0][0] === 'function'
}
