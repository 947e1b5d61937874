import type { ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { replaceMethod } from '../alike.ts'
import { read } from '../http/evidence-chain.ts'
import { noteFirstError, noteUnrouted } from '../http/follow.ts'
import { nodeRequire, requireFrom } from '../node-require.ts'
import { callers } from './unadapted/callers.ts'

/**
 * NestJS answers what was thrown itself, and tells neither Express nor Fastify; what no route of its own matched it
 * answers by a route that it has put behind them. Both go through one class, which is found where Node keeps the
 * CommonJS modules that are loaded or, from NestJS 12 on, by its name. To look costs a millisecond: that is done when a
 * server begins to listen, and at its first request.
 */
export function watchNest(): void {
  if (!isLoaded()) return
  try {
    const require = nodeRequire()
    for (const file of Object.keys(require.cache)) if (FILE.test(file)) watch(file, require.cache[file]?.exports)
    const files = [...callers(), ...process.argv.slice(1, 2), join(process.cwd(), 'app.js')]
    for (const file of new Set(files.map(modules))) {
      if (file !== undefined && !SEEN.has(file)) watch(file, require(file))
    }
  } catch {
    // A NestJS that looks otherwise is followed like any other application of its platform.
  }
}

const FILE = /[\\/]@nestjs[\\/]core[\\/]exceptions[\\/]exceptions-handler\.js$/
const SEEN = new Set<string>()

/** What NestJS loads before all else: to look for it elsewhere would load it. */
function isLoaded(): boolean {
  return typeof (Reflect as { getMetadata?: unknown }).getMetadata === 'function'
}

/** The file of the class as `file` would get it. */
function modules(file: string): string | undefined {
  try {
    return join(dirname(requireFrom(file).resolve('@nestjs/core')), 'exceptions', 'exceptions-handler.js')
  } catch {
    return undefined
  }
}

/** As much of the class as is touched, and of what it is given. */
interface Handler {
  next?: (this: unknown, exception: unknown, context: Host) => unknown
}

interface Host {
  getType?(): string
  getArgByIndex?(index: number): unknown
}

function watch(file: string, exports: unknown): void {
  if (SEEN.has(file)) return
  SEEN.add(file)
  const { prototype } = (exports as { ExceptionsHandler?: { prototype: Handler } }).ExceptionsHandler ?? {}
  replaceMethod(prototype, 'next', next => {
    const { observed } = {
      observed(this: unknown, exception: unknown, context: Host) {
        note(exception, context)
        return next.call(this, exception, context)
      },
    }
    return observed
  })
}

function note(exception: unknown, context: Host): void {
  if (context?.getType?.() !== 'http') return
  const [request, reply] = [context.getArgByIndex?.(0), context.getArgByIndex?.(1)]
  const response = (read(reply, 'raw') ?? reply) as ServerResponse | undefined
  if (response === undefined) return
  if (isUnrouted(exception, request)) noteUnrouted(response)
  noteFirstError(response, exception)
}

/** What NestJS throws where it has no route: told by its text, which has the path of this very request. */
function isUnrouted(exception: unknown, request: unknown): boolean {
  if (read(exception, 'status') !== 404) return false
  const url = read(request, 'originalUrl') ?? read(request, 'url')
  return read(exception, 'message') === `Cannot ${String(read(request, 'method'))} ${String(url)}`
}
