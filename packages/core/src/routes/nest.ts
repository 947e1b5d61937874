import type { ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { replaceMethod } from '../base/appearance.ts'
import { nodeRequire, requireFrom } from '../base/node-require.ts'
import { read } from '../http/category/error-chain.ts'
import { noteFirstError, noteUnrouted } from '../http/exchange/followed-exchanges.ts'
import { callStackFiles } from './call-stack.ts'

/**
 * NestJS handles thrown errors itself, and passes them to neither Express nor Fastify. Requests that match none of its
 * routes are answered by a route that it has added at the end. Both pass through one class, which is found in Node's
 * cache of CommonJS modules or, since NestJS 12, by its name. A scan costs a millisecond: it is done when a server
 * begins to listen, and at its first request.
 */
export function watchNest(): void {
  if (!isLoaded()) return
  try {
    const require = nodeRequire()
    for (const file of Object.keys(require.cache)) if (FILE.test(file)) hookHandler(file, require.cache[file]?.exports)
    const files = [...callStackFiles(), ...process.argv.slice(1, 2), join(process.cwd(), 'app.js')]
    for (const file of new Set(files.map(modules))) {
      if (file !== undefined && !HOOKED.has(file)) hookHandler(file, require(file))
    }
  } catch {
    // A NestJS with another structure is followed like any other application of its platform.
  }
}

const FILE = /[\\/]@nestjs[\\/]core[\\/]exceptions[\\/]exceptions-handler\.js$/
const HOOKED = new Set<string>()

/** NestJS loads this before everything else. Without this check, a search for NestJS would load it. */
function isLoaded(): boolean {
  return typeof (Reflect as { getMetadata?: unknown }).getMetadata === 'function'
}

/** The file of the class as `file` would resolve it. */
function modules(file: string): string | undefined {
  try {
    return join(dirname(requireFrom(file).resolve('@nestjs/core')), 'exceptions', 'exceptions-handler.js')
  } catch {
    return undefined
  }
}

/** The part of the class, and of its arguments, that is used here. */
interface Handler {
  next?: (this: unknown, exception: unknown, context: Host) => unknown
}

interface Host {
  getType?(): string
  getArgByIndex?(index: number): unknown
}

function hookHandler(file: string, exports: unknown): void {
  if (HOOKED.has(file)) return
  HOOKED.add(file)
  const { prototype } = (exports as { ExceptionsHandler?: { prototype: Handler } }).ExceptionsHandler ?? {}
  replaceMethod(prototype, 'next', next => {
    const { observed } = {
      observed(this: unknown, exception: unknown, context: Host) {
        recordError(exception, context)
        return next.call(this, exception, context)
      },
    }
    return observed
  })
}

function recordError(exception: unknown, context: Host): void {
  if (context?.getType?.() !== 'http') return
  const [request, reply] = [context.getArgByIndex?.(0), context.getArgByIndex?.(1)]
  const response = (read(reply, 'raw') ?? reply) as ServerResponse | undefined
  if (response === undefined) return
  if (isUnrouted(exception, request)) noteUnrouted(response)
  noteFirstError(response, exception)
}

/**
 * True for the error that NestJS throws if it has no route: recognised by its message, which contains the path of this
 * request.
 */
function isUnrouted(exception: unknown, request: unknown): boolean {
  if (read(exception, 'status') !== 404) return false
  const url = read(request, 'originalUrl') ?? read(request, 'url')
  return read(exception, 'message') === `Cannot ${String(read(request, 'method'))} ${String(url)}`
}
