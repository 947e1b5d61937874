/**
 * The structure of the packages, read from their imports. `node scripts/layers.mjs` prints it, and a test checks that it
 * has no circle and no import of a higher layer. Imports of types count like others.
 *
 * The layers of `packages/core/src` are the rows of the table in `docs/architecture.md`, the lowest first: a folder
 * imports the folders that its row names, all of which stand above it in the table.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'rolldown/parseAst'

const PACKAGES = fileURLToPath(new URL('../packages/', import.meta.url))
const ARCHITECTURE = fileURLToPath(new URL('../docs/architecture.md', import.meta.url))

/** The maximum number of source files in a folder. */
export const MOST_FILES = 12

/** The imports of each source file of a package: paths from its `src`, tests left out. */
export function importsOf(name) {
  const root = join(PACKAGES, name, 'src')
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.ts$/.test(entry.name) && !/\.(test|d)\.ts$/.test(entry.name))
    .map(entry => posix.relative(root.replaceAll('\\', '/'), join(entry.parentPath, entry.name).replaceAll('\\', '/')))
    .sort()
  const known = new Set(files)
  return new Map(
    files.map(file => {
      const paths = specifiersIn(readFileSync(join(root, file), 'utf8'))
        .filter(path => path.startsWith('.'))
        // A file that is loaded by its name at run time is named by its bundle.
        .map(path => posix.join(posix.dirname(file), path.replace(/\.c?js$/, '.ts')))
      return [file, [...new Set(paths)].filter(path => known.has(path))]
    }),
  )
}

/** All specifiers of a module in `import`, `export ... from`, `import()` and `import('...').Type`. */
function specifiersIn(text) {
  const found = []
  const visit = node => {
    if (node === null || typeof node !== 'object') return
    if (Array.isArray(node)) return node.forEach(visit)
    const source = node.source ?? (node.type === 'TSImportType' ? node.argument : undefined)
    if (/^(Import|Export|TSImport)/.test(node.type ?? '') && source) {
      const path = source.value ?? source.literal?.value
      if (typeof path === 'string') found.push(path)
    }
    for (const key of Object.keys(node)) visit(node[key])
  }
  visit(parseAst(text, { lang: 'ts' }).body)
  return found
}

/** The same between folders. A folder is one unit without the folders inside it; files beside the folders are '.'. */
export function folders(imports, nameOf = dirname) {
  const graph = new Map()
  for (const [file, paths] of imports) {
    const folder = nameOf(file)
    const targets = graph.get(folder) ?? new Set()
    graph.set(folder, targets)
    for (const path of paths) if (nameOf(path) !== folder) targets.add(nameOf(path))
  }
  return new Map([...graph].map(([folder, targets]) => [folder, [...targets].sort()]))
}

/** The circles of a graph, each as the nodes that reach each other (Tarjan 1972). */
export function circles(graph) {
  const found = []
  const state = new Map()
  const stack = []
  const visit = node => {
    const own = { index: state.size, low: state.size, isOpen: true }
    state.set(node, own)
    stack.push(node)
    for (const next of graph.get(node) ?? []) {
      const other = state.get(next)
      if (other === undefined) own.low = Math.min(own.low, visit(next).low)
      else if (other.isOpen) own.low = Math.min(own.low, other.index)
    }
    if (own.low === own.index) {
      const circle = stack.splice(stack.indexOf(node))
      for (const each of circle) state.get(each).isOpen = false
      if (circle.length > 1) found.push(circle.sort())
    }
    return own
  }
  for (const node of graph.keys()) if (!state.has(node)) visit(node)
  return found
}

/** The folder of `core` that a file belongs to as a layer; undefined for the entries beside the folders. */
export function layerOf(file) {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : '.'
}

/** The layers as `docs/architecture.md` has them: each folder with the folders that it imports, the lowest first. */
export function documentedLayers() {
  const text = readFileSync(ARCHITECTURE, 'utf8')
  const table = text.slice(text.indexOf('\n## Layers')).split(/\n##+ /, 2)[1]
  const rows = [...table.matchAll(/^\| `([\w-]+)` \| [^|]+ \| ([^|]*) \|$/gm)]
  return new Map(rows.map(([, folder, names]) => [folder, [...names.matchAll(/`([\w-]+)`/g)].map(match => match[1])]))
}

/** The folders with more than the maximum number of source files. */
export function crowded(imports) {
  const sizes = new Map()
  for (const file of imports.keys()) sizes.set(dirname(file), (sizes.get(dirname(file)) ?? 0) + 1)
  return [...sizes].filter(([, size]) => size > MOST_FILES).map(([folder, size]) => `${folder}: ${size}`)
}

export function packageNames() {
  return readdirSync(PACKAGES)
}

function floorOf(folder, graph, known = new Map()) {
  if (!known.has(folder)) {
    known.set(folder, 0)
    known.set(folder, 1 + Math.max(0, ...(graph.get(folder) ?? []).map(below => floorOf(below, graph, known))))
  }
  return known.get(folder)
}

function print() {
  for (const name of packageNames()) {
    const imports = importsOf(name)
    const graph = folders(imports)
    console.log(`\n${name}: ${imports.size} files`)
    const floors = [...graph.keys()].map(folder => [floorOf(folder, graph), folder])
    for (const [floor, folder] of floors.sort(([a], [b]) => b - a)) {
      console.log(`  floor ${String(floor).padStart(2)}  ${folder} -> ${graph.get(folder).join(', ') || 'nothing'}`)
    }
    const found = [...circles(imports), ...circles(graph)]
    console.log(found.length === 0 ? '  no circle' : found.map(circle => `  CIRCLE ${circle.join(', ')}`).join('\n'))
    for (const folder of crowded(imports)) console.log(`  more than ${MOST_FILES} files in ${folder}`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) print()
