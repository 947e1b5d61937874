import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/**
 * The declarations for programs that `require` a package: those of the compiler for ES modules, under names that say
 * CommonJS. Only the files that the entries import, since compilers read no others.
 */

/** A relative import, export or `import()` type of a declaration. */
const RELATIVE = /(\bfrom\s+|\bimport\(\s*|\bimport\s+)(['"])(\.{1,2}\/[^'"]+?)\.ts\2/g

/** The package whose types are ES modules only: it can be imported only as an ES module. */
const ESM_ONLY = /\bimport type (.+?) from '(hono(?:\/[\w/-]+)?)';/g

/** Pairs of a name in `bundle` and the text of that file. Empty if the compiler has not run yet. */
export function commonJsTypes(folder, entries) {
  const dist = join(folder, 'dist')
  const files = new Map()
  const add = path => {
    const name = `types/${relative(dist, path)
      .replaceAll('\\', '/')
      .replace(/\.d\.ts$/, '.d.cts')}`
    if (files.has(name) || !existsSync(path)) return
    files.set(name, '')
    const text = readFileSync(path, 'utf8')
    for (const [, , , specifier] of text.matchAll(RELATIVE)) add(join(dirname(path), `${specifier}.d.ts`))
    files.set(name, asCommonJs(text))
  }
  for (const entry of entries) add(join(folder, entry))
  return files
}

function asCommonJs(text) {
  return text
    .replace(RELATIVE, '$1$2$3.cjs$2')
    .replace(ESM_ONLY, "import type $1 from '$2' with { 'resolution-mode': 'import' };")
    .replace(/^\/\/# sourceMappingURL=.*$/m, '')
}
