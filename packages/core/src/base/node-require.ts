import nodeModule from 'node:module'
import { join } from 'node:path'

/**
 * `require` for modules that are named only at run time. A bundler moves this code: `import.meta.url` is then undefined
 * (the CommonJS output of esbuild), the path of a file on the build machine (webpack), or the bundle itself. So a
 * package is looked up from each file that could lead to it, and none of the calls has a form that bundlers rewrite.
 */

/** Node's `createRequire`, accessed in a way that webpack does not resolve to a module of the bundle. */
export const requireFrom: (file: string) => NodeJS.Require = Reflect.get(nodeModule, 'createRequire')

/** Node's `require`, for the module cache and for absolute paths. */
export function nodeRequire(): NodeJS.Require {
  return requireFrom(starts()[0]!)
}

/**
 * Loads an installed package, looked up from this file, from the program, and from the working directory.
 * @throws ERR_MODULE_NOT_FOUND or MODULE_NOT_FOUND if it is found from none of them
 */
export function requireInstalled<Module>(name: string): Module {
  return requireFrom(startThatHas(name))(name) as Module
}

/** The file of an installed package. @throws MODULE_NOT_FOUND */
export function resolveInstalled(name: string): string {
  return requireFrom(startThatHas(name)).resolve(name)
}

function startThatHas(name: string): string {
  const candidates = starts()
  const found = candidates.find(start => {
    try {
      requireFrom(start).resolve(name)
      return true
    } catch {
      return false
    }
  })
  return found ?? candidates[0]!
}

function starts(): string[] {
  const program = process.argv[1]
  const all = [import.meta.url, commonJsFile(), program, join(process.cwd(), 'index.js')]
  return all.filter(start => typeof start === 'string' && /^(?:file:|\/|[A-Za-z]:[\\/])/.test(start)) as string[]
}

/**
 * This file in the CommonJS output of a bundler. Uses `try`, because webpack evaluates `typeof __filename` to a string
 * even in ES modules that it writes, where the variable does not exist.
 */
function commonJsFile(): string | undefined {
  try {
    return __filename
  } catch {
    return undefined
  }
}
