import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { replaceMethod } from '../alike.ts'
import { nodeRequire } from '../node-require.ts'

/**
 * The paths that servers of WebSockets were given, for connections that no framework routes: those of `ws`, and of
 * engine.io, on which socket.io stands, its polling too. They are found where Node keeps the CommonJS modules that are
 * loaded, when there is the first upgrade: a program without WebSockets is left alone.
 */

/** The path of the server of WebSockets that took this request; undefined where there is none, or it takes any path. */
export function socketPathOf(request: object): string | undefined {
  return isWatching ? PATHS.get(request) : undefined
}

/** Has the servers of WebSockets seen from now on, those that are loaded when `server` is asked. Never throws. */
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
    // Where modules are kept in another way, as in a bundle, the paths stay unknown.
  }
}

const PATHS = new WeakMap<object, string>()
const SEEN = new Set<string>()
/** To look costs a millisecond; what has not been loaded by then is not loaded for the first connections of a server. */
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

/** As much of a server of `ws` as is looked at. */
interface Ws {
  readonly options?: { readonly path?: unknown }
  /** Of NestJS, which looks at the path itself. */
  readonly path?: unknown
  handleUpgrade?: (this: Ws, request: IncomingMessage, socket: Duplex, head: Buffer, done: unknown) => unknown
}

function watchWs(prototype: Ws | undefined): void {
  replaceMethod(prototype, 'handleUpgrade', handleUpgrade => {
    const { observed } = {
      observed(this: Ws, request: IncomingMessage, socket: Duplex, head: Buffer, done: unknown) {
        const path = this.options?.path ?? this.path
        // Another path than its own is refused.
        if (typeof path === 'string' && request.url?.split('?', 1)[0] === path) PATHS.set(request, path)
        return handleUpgrade.call(this, request, socket, head, done)
      },
    }
    return observed
  })
}

/** As much of a server of engine.io as is looked at. */
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
