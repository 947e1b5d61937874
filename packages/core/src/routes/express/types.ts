import type { IncomingMessage, ServerResponse } from 'node:http'

/** The part of Express that is used here, common to versions 4 and 5. */

export interface ExpressRequest extends IncomingMessage {
  readonly app?: ExpressApp | undefined
  readonly baseUrl?: string | undefined
  readonly next?: unknown
  readonly route?: Route | undefined
  readonly res?: ServerResponse | undefined
}

export type Next = (error?: unknown) => void

export interface ExpressApp {
  readonly request: object
  readonly response: object
  readonly parent?: ExpressApp | undefined
  readonly mountpath?: unknown
  /** Express 5. The getter of Express 4 throws. */
  readonly router?: Router | undefined
  /** Express 4. */
  readonly _router?: Router | undefined
  readonly handle?: unknown
  readonly use?: unknown
}

export interface Router {
  stack: readonly Layer[]
}

/** One entry of a router: a route, or a mounted handler. */
export interface Layer {
  readonly route?: Route | undefined
  readonly handle: unknown
  readonly name?: string
  /** The path it was registered with: a string, a regular expression, or an array of them (router 2.3 and later). */
  readonly rawPath?: unknown
  /** Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean }
  readonly keys?: readonly { readonly name: string | number }[]
  /** Router before 2.3: true if it matches everything; else the path and the parameters of its last match. */
  readonly slash?: boolean
  readonly path?: string | undefined
  readonly params?: Readonly<Record<string, string>> | undefined
  /** Whether it matches a path, and which part. Has no side effects since router 2.3. */
  match?(path: string): { readonly path: string } | false
}

export interface Route {
  readonly path: unknown
}

/** The router of an application; undefined if it has none yet. */
export function routerOf(app: ExpressApp): Router | undefined {
  return app._router ?? app.router
}
