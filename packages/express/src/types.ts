import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Express's request and response, with which the options of the adapter are called. Express has no types of its own, so
 * they are described here, and a project without `@types/express` needs none. If a project has them, everything that it
 * adds to `Express.Request` and `Express.Response` (a `user`, a session) is included here too.
 */

declare global {
  namespace Express {
    // Merged with those of @types/express, and with the additions of libraries and the application.
    interface Request {}
    interface Response {}
  }
}

/**
 * A request of Express. The properties that Express adds are missing on connections that left HTTP (upgrades and
 * CONNECT), which Express never sees. Not an interface that extends Node's: some packages declare a `body` there, with
 * a type of their own.
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
