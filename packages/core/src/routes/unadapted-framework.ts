import type { IncomingMessage } from 'node:http'
import type { RequestServer } from '../http/watch/watch-server.ts'

/**
 * A framework without an adapter, and where it reports its routes. Each has one file in `unadapted/`, and
 * `unadapted/list.ts` lists it. A template comes from the program: data from a client may select one, and is never part of it.
 */
export interface UnadaptedFramework {
  /** The route that the framework stored on a request; undefined if it had none, `OTHER_FRAMEWORK` for other requests. */
  routeOf?(request: IncomingMessage): string | undefined | typeof OTHER_FRAMEWORK
  /** The routes of a server, if they can be found from the server. */
  serverRouteOf?(server: RequestServer): ServerRouteOf | undefined
  /** A module whose functions are looked up for each request, so that it can be hooked at run time. */
  readonly module?: HookedModule
}

export type ServerRouteOf = (request: IncomingMessage) => string | undefined

/** Returned by `routeOf` for a request of another framework. */
export const OTHER_FRAMEWORK: unique symbol = Symbol('promherd.other-framework')

/** A module that the program may have loaded. */
export interface HookedModule {
  /** Matches the path of its file: among the loaded CommonJS modules, and in the call stack of `listen`. */
  readonly file: RegExp
  /**
   * Matches the source of its listener, also in a bundle. Node does not list ES modules, and a bundle has no modules: if
   * no file is found, the classes are read from the scopes of that listener.
   */
  readonly listener?: RegExp
  /** Called for each copy that is loaded, with its exports or with the variables of its scopes. */
  hook(exports: unknown): void
}
