import type { IncomingMessage, ServerResponse } from 'node:http'

/** As much of Express as is looked at, of version 4 and 5 alike. */

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

/** One entry of a router: a route, or something that was mounted. */
export interface Layer {
  readonly route?: Route | undefined
  readonly handle: unknown
  readonly name?: string
  /** What it was registered with: a text, an expression, or a list of them (router 2.3 and later). */
  readonly rawPath?: unknown
  /** Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean }
  readonly keys?: readonly { readonly name: string | number }[]
  /** Router before 2.3: true where it matches everything; else the path and the parameters that it last matched. */
  readonly slash?: boolean
  readonly path?: string | undefined
  readonly params?: Readonly<Record<string, string>> | undefined
  /** Whether it takes a path, and what of it. Without a state since router 2.3. */
  match?(path: string): { readonly path: string } | false
}

export interface Route {
  readonly path: unknown
}

/** The router of an application; undefined where it has none yet. */
export function routerOf(app: ExpressApp): Router | undefined {
  return app._router ?? app.router
}
