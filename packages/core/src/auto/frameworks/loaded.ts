import { watchNest } from '../../frameworks/nest.ts'
import { hookEnclosed } from '../../frameworks/unadapted/modules.ts'
import { findUnadapted } from '../../frameworks/unadapted/route.ts'
import type { HttpRecorder } from '../../http/recorder.ts'
import type { RequestServer } from '../../http/watch-server.ts'
import { nodeRequire } from '../../node-require.ts'
import { hookFastify } from './fastify.ts'
import { HONO_FILE, HONO_LISTENER, hookHono } from './hono.ts'
import { importedHono } from './hono-import.ts'
import { hookKoa, hookKoaContext, KOA_CONTEXT_FILE, KOA_FILE, KOA_LISTENER } from './koa.ts'

/**
 * Frameworks that say nothing of themselves are found where Node keeps the CommonJS modules that are loaded, whoever
 * has imported them. What is hooked there is looked up anew with each request, so it need not be found early.
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

/** Hooks into what is loaded now and was not before. Never throws. */
export function hookFrameworks(server: RequestServer, recorder: HttpRecorder): void {
  try {
    findUnadapted(server)
    hookFastify()
    watchNest()
    const { cache } = nodeRequire()
    const files = Object.keys(cache)
    if (files.length !== looked) for (const file of files) hookFile(file, cache[file]?.exports)
    looked = files.length
    for (const exports of importedHono()) hookHono(exports)
    for (const each of HOOKS) if (!FOUND.has(each.hook)) hookEnclosed(each, server)
  } catch (error) {
    recorder.store.trouble('http', `a framework could not be watched, so its routes are missing: ${String(error)}`)
  }
}

let looked = 0
const SEEN = new Set<string>()
/** What has been found by its file: its listeners need not be read. */
const FOUND = new Set<Hook['hook']>()

function hookFile(file: string, exports: unknown): void {
  if (SEEN.has(file)) return
  if (KOA_CONTEXT_FILE.test(file)) {
    SEEN.add(file)
    hookKoaContext(exports)
    return
  }
  const found = HOOKS.find(each => each.file.test(file))
  if (found === undefined) return
  SEEN.add(file)
  FOUND.add(found.hook)
  found.hook(exports)
}
