import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { callers } from '../../frameworks/unadapted/callers.ts'
import { requireFrom } from '../../node-require.ts'

/**
 * The routers of Hono where it was imported and not required: Node tells nobody which modules those are. So they are
 * asked for, as whoever starts the server would get them; what was imported before is the same then.
 */
export function importedHono(): unknown[] {
  if (!isServed()) return []
  return [...new Set([...callers(), ...process.argv.slice(1, 2), join(process.cwd(), 'app.js')].map(folderOf))].flatMap(
    folder => {
      if (folder === undefined || SEEN.has(folder)) return []
      SEEN.add(folder)
      const files = ROUTERS.map(name => join(folder, 'dist/router', name, 'router.js'))
      return files.filter(file => existsSync(file)).map(file => requireFrom(file)(file) as unknown)
    },
  )
}

const SEEN = new Set<string>()
const ROUTERS = ['smart-router', 'reg-exp-router', 'trie-router', 'linear-router', 'pattern-router']

/** Its server for Node puts classes of its own in place of the global ones: to look for Hono elsewhere would load it. */
function isServed(): boolean {
  const { value } = Object.getOwnPropertyDescriptor(globalThis, 'Request') ?? {}
  return typeof value === 'function' && Object.getPrototypeOf(value) !== Function.prototype
}

/** The folder of the package as a file would get it. */
function folderOf(file: string): string | undefined {
  try {
    const entry = requireFrom(file).resolve('hono')
    return entry.slice(0, entry.search(/[\\/]dist[\\/]/))
  } catch {
    return undefined
  }
}
