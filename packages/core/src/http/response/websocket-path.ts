import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { replaceMethod } from '../../base/appearance.ts'
import { nodeRequire } from '../../base/node-require.ts'

/**
 * Finds the paths that WebSocket servers were given, for connections that no framework routes: those of `ws`, and of
 * engine.io, which socket.io is built on, including its polling requests. The servers are found in Node's cache of
 * CommonJS modules at the first upgrade: a program without WebSockets is not affected.
 */

/** The path of the WebSocket server that took this request; undefined if there is none, or if it accepts any path. */
export function socketPathOf(request: object): string | undefined {
  return isWatching ? PATHS.get(request) : undefined
}

/**
 * Observes WebSocket servers from now on, of the modules that are loaded when this is called for `server`. Never
 * throws.
 */
export function watchWebSockets(server: object = NO_SERVER): void {
  isWatching = true
  const looks = LOOKS.get(server) ?? 0
  if (looks >= MOST_LOOKS) return
  LOOKS.set(server, looks + 1)
  try {
    const { cache } = nodeRequire()
    for (const file of Object.keys(cache)) {
      const hook = HOOKS.find(({ file: pattern }) => pattern.test(file))
      if (hook === undefined || SEEN.has(file)) continue
      SEEN.add(file)
      hook.watch(cache[file]?.exports)
    }
  } catch {
    // If modules are stored in another way, as in a bundle, the paths stay unknown.
  }
}

const PATHS = new WeakMap<object, string>()
const SEEN = new Set<string>()
/** Limits the scans (a millisecond each): a server's module is loaded by its first connections at the latest. */
const MOST_LOOKS = 10
const LOOKS = new WeakMap<object, number>()
/** Stands for the server of connections that do not name it. */
const NO_SERVER = {}
let isWatching = false

const HOOKS: readonly { readonly file: RegExp; watch(exports: unknown): void }[] = [
  { file: /[\\/]ws[\\/]lib[\\/]websocket-server\.js$/, watch: exports => watchWs((exports as Class<Ws>).prototype) },
  {
    file: /[\\/]engine\.io[\\/]build[\\/]server\.js$/,
    watch: exports => watchEngine((exports as { Server?: Class<Engine> }).Server?.prototype),
  },
]

interface Class<T> {
  readonly prototype: T | undefined
}

/** The part of a `ws` server that is used here. */
interface Ws {
  readonly options?: { readonly path?: unknown }
  /** From NestJS, which checks the path itself. */
  readonly path?: unknown
  handleUpgrade?: (this: Ws, request: IncomingMessage, socket: Duplex, head: Buffer, done: unknown) => unknown
}

function watchWs(prototype: Ws | undefined): void {
  replaceMethod(prototype, 'handleUpgrade', handleUpgrade => {
    const { observed } = {
      observed(this: Ws, request: IncomingMessage, socket: Duplex, head: Buffer, done: unknown) {
        const path = this.options?.path ?? this.path
        // The server refuses any path other than its own.
        if (typeof path === 'string' && request.url?.split('?', 1)[0] === path) PATHS.set(request, path)
        return handleUpgrade.call(this, request, socket, head, done)
      },
    }
    return observed
  })
}

/** The part of an engine.io server that is used here. */
interface Engine {
  readonly opts?: { readonly path?: unknown }
  handleRequest?: (this: Engine, request: IncomingMessage, response: ServerResponse) => unknown
  handleUpgrade?: (this: Engine, request: IncomingMessage, socket: Duplex, head: Buffer) => unknown
}

function watchEngine(prototype: Engine | undefined): void {
  replaceMethod(prototype, 'handleRequest', handleRequest => {
    const { observed } = {
      observed(this: Engine, request: IncomingMessage, response: ServerResponse) {
        PATHS.set(request, pathOf(this))
        return handleRequest.call(this, request, response)
      },
    }
    return observed
  })
  replaceMethod(prototype, 'handleUpgrade', handleUpgrade => {
    const { observed } = {
      observed(this: Engine, request: IncomingMessage, socket: Duplex, head: Buffer) {
        PATHS.set(request, pathOf(this))
        return handleUpgrade.call(this, request, socket, head)
      },
    }
    return observed
  })
}

function pathOf({ opts }: Engine): string {
  return typeof opts?.path === 'string' ? opts.path.replace(/\/$/, '') : '/engine.io'
}
