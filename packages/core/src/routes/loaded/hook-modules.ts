import { nodeRequire, requireFrom } from '../../base/node-require.ts'
import type { RequestServer } from '../../http/watch/watch-server.ts'
import { callStackFiles } from '../call-stack.ts'
import { scopesOfListeners } from '../scopes/listener-scopes.ts'
import { UNADAPTED_FRAMEWORKS } from '../unadapted/list.ts'
import type { HookedModule } from '../unadapted-framework.ts'

/**
 * Hooks the modules of frameworks that were loaded since the last call: CommonJS modules in Node's cache, ES modules if
 * they have called `listen`, and else the scopes of a listener: for an ES module that has not called it, or a part of a
 * bundle. An ES module that is already loaded is obtained by requiring its file again.
 */
export function hookModules(server: RequestServer): void {
  const { cache } = nodeRequire()
  const callingFiles = callStackFiles()
  const files = Object.keys(cache)
  const addedFiles = files.length === scannedFiles ? [] : files
  scannedFiles = files.length
  for (const module of MODULES) {
    for (const file of addedFiles) if (module.file.test(file)) hook(module, file, cache[file]?.exports)
    for (const file of callingFiles) if (module.file.test(file)) hook(module, file, cache[file]?.exports)
    if (!FOUND.has(module)) hookBundled(module, server)
  }
}

/** Hooks a framework in a bundle. It has no separate file there, and is read from the scopes of its listener. */
export function hookBundled({ listener, hook }: Pick<HookedModule, 'listener' | 'hook'>, server: RequestServer): void {
  const scopes = listener === undefined ? [] : scopesOfListeners(server, listener)
  // Variables of inner scopes hide those of outer scopes.
  if (scopes.length > 0) hook(Object.assign({}, ...scopes.toReversed()))
}

const MODULES = UNADAPTED_FRAMEWORKS.flatMap(({ module }) => module ?? [])
const HOOKED = new Set<string>()
const FOUND = new Set<HookedModule>()
let scannedFiles = 0

function hook(module: HookedModule, file: string, exports?: unknown): void {
  if (HOOKED.has(file)) return
  HOOKED.add(file)
  FOUND.add(module)
  module.hook(exports ?? (requireFrom(file)(file) as unknown))
}
