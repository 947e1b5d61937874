import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { RequestServer } from '../../http/watch-server.ts'
import { nodeRequire, requireFrom } from '../../node-require.ts'
import { callers } from './callers.ts'
import type { HookedModule } from './framework.ts'
import { FRAMEWORKS } from './list.ts'

/**
 * Hooks the modules of frameworks that are loaded now and were not before: CommonJS modules where Node keeps them, ES
 * modules where they have called `listen`, or where a server shows that its program has imported them. An ES module
 * that is loaded is had by asking for its file again.
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
    if (module.imported?.isUsedBy(server))
      for (const file of importedFiles(module.imported, calling)) hook(module, file)
  }
}

const MODULES = FRAMEWORKS.flatMap(({ module }) => module ?? [])
const HOOKED = new Set<string>()
let looked = 0

function hook(module: HookedModule, file: string, exports?: unknown): void {
  if (HOOKED.has(file)) return
  HOOKED.add(file)
  module.hook(exports ?? (requireFrom(file)(file) as unknown))
}

/** The files of a package as the calling files and the program would get it. */
function importedFiles(
  { name, files }: { name: string; files: readonly string[] },
  calling: readonly string[],
): string[] {
  const users = [...calling, ...process.argv.slice(1, 2), join(process.cwd(), 'app.js')]
  const folders = new Set(users.map(file => folderOf(name, file)))
  return [...folders].flatMap(folder =>
    folder === undefined ? [] : files.map(file => join(folder, file)).filter(file => existsSync(file)),
  )
}

function folderOf(name: string, file: string): string | undefined {
  try {
    const entry = requireFrom(file).resolve(name)
    return entry.slice(0, entry.search(/[\\/]dist[\\/]/))
  } catch {
    return undefined
  }
}
