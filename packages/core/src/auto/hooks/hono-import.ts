import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { requireFrom } from '../../base/node-require.ts'
import { callStackFiles } from '../../routes/call-stack.ts'

/**
 * Finds the routers of Hono if it was imported and not required: Node does not list these modules. So they are resolved
 * from the files that started the server and loaded; a module that was imported before is the same object then.
 */
export function importedHono(): unknown[] {
  if (!isServed()) return []
  return [
    ...new Set([...callStackFiles(), ...process.argv.slice(1, 2), join(process.cwd(), 'app.js')].map(folderOf)),
  ].flatMap(folder => {
    if (folder === undefined || SEEN.has(folder)) return []
    SEEN.add(folder)
    const files = ROUTERS.map(name => join(folder, 'dist/router', name, 'router.js'))
    return files.filter(file => existsSync(file)).map(file => requireFrom(file)(file) as unknown)
  })
}

const SEEN = new Set<string>()
const ROUTERS = ['smart-router', 'reg-exp-router', 'trie-router', 'linear-router', 'pattern-router']

/** Hono's server for Node replaces global classes by its own. Without this check, a search for Hono would load it. */
function isServed(): boolean {
  const { value } = Object.getOwnPropertyDescriptor(globalThis, 'Request') ?? {}
  return typeof value === 'function' && Object.getPrototypeOf(value) !== Function.prototype
}

/** The folder of the package as a file would resolve it. */
function folderOf(file: string): string | undefined {
  try {
    const entry = requireFrom(file).resolve('hono')
    return entry.slice(0, entry.search(/[\\/]dist[\\/]/))
  } catch {
    return undefined
  }
}
