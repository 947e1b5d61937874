import { nodeRequire } from '../../base/node-require.ts'
import type { HttpRecorder } from '../../http/http-recorder.ts'
import type { RequestServer } from '../../http/watch/watch-server.ts'
import { hookBundled } from '../../routes/loaded/hook-modules.ts'
import { findUnadapted } from '../../routes/loaded/unadapted-route.ts'
import { watchNest } from '../../routes/nest.ts'
import { hookFastify } from './fastify.ts'
import { HONO_FILE, HONO_LISTENER, hookHono } from './hono.ts'
import { importedHono } from './hono-import.ts'
import { hookKoa, hookKoaContext, KOA_CONTEXT_FILE, KOA_FILE, KOA_LISTENER } from './koa.ts'

/**
 * Frameworks without a channel of their own are found in Node's cache of CommonJS modules, whichever module imported
 * them. The hooked functions are looked up again with each request, so the frameworks need not be found early.
 */
const HOOKS: readonly Hook[] = [
  { file: KOA_FILE, listener: KOA_LISTENER, hook: hookKoa },
  { file: HONO_FILE, listener: HONO_LISTENER, hook: hookHono },
]

interface Hook {
  readonly file: RegExp
  readonly listener: RegExp
  hook(exports: unknown): void
}

/** Hooks modules that were loaded since the last call. Never throws. */
export function hookFrameworks(server: RequestServer, recorder: HttpRecorder): void {
  try {
    findUnadapted(server)
    hookFastify()
    watchNest()
    const { cache } = nodeRequire()
    const files = Object.keys(cache)
    if (files.length !== scannedFiles) for (const file of files) hookFile(file, cache[file]?.exports)
    scannedFiles = files.length
    for (const exports of importedHono()) hookHono(exports)
    for (const each of HOOKS) if (!FOUND.has(each.hook)) hookBundled(each, server)
  } catch (error) {
    recorder.store.reportError('http', `a framework could not be observed, so its routes are missing: ${String(error)}`)
  }
}

let scannedFiles = 0
const HOOKED = new Set<string>()
/** Hooks whose files were found: the source of listeners need not be searched for them. */
const FOUND = new Set<Hook['hook']>()

function hookFile(file: string, exports: unknown): void {
  if (HOOKED.has(file)) return
  if (KOA_CONTEXT_FILE.test(file)) {
    HOOKED.add(file)
    hookKoaContext(exports)
    return
  }
  const found = HOOKS.find(each => each.file.test(file))
  if (found === undefined) return
  HOOKED.add(file)
  FOUND.add(found.hook)
  found.hook(exports)
}
