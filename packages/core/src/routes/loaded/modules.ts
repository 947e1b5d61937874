import { nodeRequire, requireFrom } from '../../base/node-require.ts'
import type { RequestServer } from '../../http/watch/watch-server.ts'
import { callers } from '../callers.ts'
import type { HookedModule } from '../framework.ts'
import { scopesBehind } from '../scopes/enclosed.ts'
import { FRAMEWORKS } from '../unadapted/list.ts'

/**
 * Hooks the modules of frameworks that were loaded since the last call: CommonJS modules in Node's cache, ES modules if
 * they have called `listen`, and else the scopes of a listener: for an ES module that has not called it, or a part of a
 * bundle. An ES module that is already loaded is obtained by requiring its file again.
 */
export function hookModules(server: RequestServer): void {
  const { cache } = nodeRequire()
  const calling = callers()
  const files = Object.keys(cache)
  const added = files.length === looked ? [] : files
  looked = files.length
  for (const module of MODULES) {
    for (const file of added) if (module.file.test(file)) hook(module, file, cache[file]?.exports)
    for (const file of calling) if (module.file.test(file)) hook(module, file, cache[file]?.exports)
    if (!FOUND.has(module)) hookEnclosed(module, server)
  }
}

/** Hooks a framework in a bundle: it has no file of its own, and is in the scopes of the listener that it creates. */
export function hookEnclosed({ listener, hook }: Pick<HookedModule, 'listener' | 'hook'>, server: RequestServer): void {
  const scopes = listener === undefined ? [] : scopesBehind(server, listener)
  // Variables of inner scopes hide those of outer scopes.
  if (scopes.length > 0) hook(Object.assign({}, ...scopes.toReversed()))
}

const MODULES = FRAMEWORKS.flatMap(({ module }) => module ?? [])
const HOOKED = new Set<string>()
const FOUND = new Set<HookedModule>()
let looked = 0

function hook(module: HookedModule, file: string, exports?: unknown): void {
  if (HOOKED.has(file)) return
  HOOKED.add(file)
  FOUND.add(module)
  module.hook(exports ?? (requireFrom(file)(file) as unknown))
}
