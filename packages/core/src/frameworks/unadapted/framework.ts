import type { IncomingMessage } from 'node:http'
import type { RequestServer } from '../../http/watch-server.ts'

/**
 * A framework without an adapter, and where it reports its routes. Each has one file beside this one, and one entry in
 * `list.ts`. A template comes from the program: what a client sent may select one, and is never part of it.
 */
export interface Framework {
  /** The route that the framework left on a request; undefined where it had none, `NOT_ITS_OWN` for other requests. */
  routeOf?(request: IncomingMessage): string | undefined | typeof NOT_ITS_OWN
  /** What the routes of a server are, where that can be seen on the server. */
  serverRouteOf?(server: RequestServer): ServerRouteOf | undefined
  /** A module in which functions are looked up anew with each request, so that it can be hooked while the program runs. */
  readonly module?: HookedModule
}

export type ServerRouteOf = (request: IncomingMessage) => string | undefined

/** The answer for a request of another framework. */
export const NOT_ITS_OWN: unique symbol = Symbol('promherd.not-its-own')

/** A module that the program may have loaded. */
export interface HookedModule {
  /** Its file: among the CommonJS modules, and among what has called `listen`. */
  readonly file: RegExp
  /**
   * How the source text of its listener reads, in a bundle too. Node does not list ES modules, and a bundle has none:
   * where no file is found, the classes are taken from the scopes of that listener.
   */
  readonly listener?: RegExp
  /** Called for each copy that is loaded, with what it exports or with the variables of its scopes. */
  hook(exports: unknown): void
}
