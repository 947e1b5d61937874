import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Express's request and response as the options of the adapter are given them. Express has no types of its own, so they
 * are described here, and a project without `@types/express` needs none; where it has them, whatever it adds to
 * `Express.Request` and `Express.Response` (a `user`, a session) is here too.
 */

declare global {
  namespace Express {
    // Merged with those of @types/express, and with what libraries and the application add to them.
    interface Request {}
    interface Response {}
  }
}

/**
 * A request of Express. What Express adds is missing on connections that left HTTP, which it never sees. Not an interface
 * that extends Node's: some packages declare a `body` there, of a type of their own.
 */
export type Request = IncomingMessage & Express.Request & Added

interface Added {
  readonly originalUrl?: string
  readonly baseUrl?: string
  readonly path?: string
  readonly hostname?: string | undefined
  readonly ip?: string | undefined
  readonly protocol?: string
  readonly secure?: boolean
  readonly params?: Readonly<Record<string, string | string[]>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

/** A response of Express. */
export type Response = ServerResponse & Express.Response & { readonly locals?: Readonly<Record<string, unknown>> }

/** A middleware of Express 5 and 4, without its types. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void
