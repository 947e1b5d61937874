import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { commonJsTypes } from './commonjs-types.mjs'

/**
 * Creates the bundles of each package: a folder `bundle` with the exports of its manifest as ES modules (`.js`) and as
 * CommonJS (`.cjs`), and the types of the latter. Node needs about half a millisecond to load a file of any size, so
 * there are few files. A source is in only one file of each kind, even if several entries need it.
 */

const PACKAGES = fileURLToPath(new URL('../packages/', import.meta.url))

/** Files that are loaded by their names at run time, in addition to the exports, and files that only bundlers use. */
const NAMED_BY_FILE = {
  core: {
    esm: ['auto/measuring', 'auto/sharing', 'program/program-worker'],
    cjs: ['auto/measuring', 'auto/sharing', 'config/process-config'],
  },
  cli: { esm: ['main'] },
}

/** Entries whose source depends on how they are loaded. */
const SOURCES = { 'auto-bundled.js': 'auto/bundled', 'auto.cjs': 'auto/required' }

/** The sources that share a file, with their imports. Other sources are grouped by the entries that need them. */
const GROUPS = {
  core: [
    // The sources that the preload needs in a process without an HTTP server, and other entries too.
    {
      name: 'base',
      priority: 2,
      test: /rolldown[\\/]runtime|src[\\/](base[\\/](appearance|environment|errors|shared|node-require)|auto[\\/](begin|hooks[\\/]fastify-channel)|config[\\/]find-file|server[\\/]metrics-mark)\.ts$/,
    },
    // The sources that every recording process needs: adapters import both of its entries.
    {
      name: 'core',
      priority: 1,
      test: /src[\\/](base[\\/]primary-pid|herd[\\/]process-herd|(adapter|monitor|http|routes|server)[\\/].*)\.ts$/,
    },
  ],
}

/** Bundles every package. Unchanged files are not written again, since another process may be reading them. */
export default async function bundlePackages() {
  await Promise.all(readdirSync(PACKAGES).map(bundlePackage))
}

async function bundlePackage(name) {
  const folder = join(PACKAGES, name)
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const entries = Object.values(exports).filter(entry => typeof entry === 'object')
  const files = new Map([
    ...(await built(name, folder, 'esm', entries)),
    ...(await built(name, folder, 'cjs', entries)),
    ...commonJsTypes(
      folder,
      entries.map(entry => entry.import.types),
    ),
  ])
  replaceFiles(join(folder, 'bundle'), files)
}

/** The files of one kind, by their names. */
async function built(name, folder, format, entries) {
  const ending = format === 'esm' ? '.js' : '.cjs'
  const bundle = await rolldown({
    input: inputsOf(name, format, ending, entries),
    cwd: folder,
    platform: 'node',
    tsconfig: false,
    transform: { target: 'node20.19' },
    // Everything that is not a path (also of Windows): dependencies, other packages of promherd, and modules of Node.
    // Also other entries that are named by their bundle.
    external: /^(?![A-Za-z]:)[^./\\]|^\.\/[\w-]+\.c?js$/,
    makeAbsoluteExternalsRelative: false,
  })
  const { output } = await bundle.generate({
    format,
    sourcemap: true,
    strict: true,
    // Node reads every byte. The source maps contain the sources.
    comments: { jsdoc: false },
    // All files are in one folder, so that the code finds files by their names.
    entryFileNames: `[name]${ending}`,
    chunkFileNames: `[name]${ending}`,
    codeSplitting: { groups: GROUPS[name] ?? [] },
  })
  await bundle.close()
  return output.map(file => [file.fileName, file.code ?? file.source])
}

/** The source of each entry, by the name of its bundle. */
function inputsOf(name, format, ending, entries) {
  const inputs = {}
  for (const entry of entries) {
    const types = entry.import.types
    const node = entry['node-addons'] ?? entry
    const files = format === 'esm' ? [entry.module, node.import.default] : [node.require.default]
    for (const file of new Set(files)) {
      const source = SOURCES[basename(file)] ?? types.replace('./dist/', '').replace('.d.ts', '')
      inputs[basename(file, ending)] = `./src/${source}.ts`
    }
  }
  for (const path of NAMED_BY_FILE[name]?.[format] ?? []) inputs[basename(path)] = `./src/${path}.ts`
  return inputs
}

function replaceFiles(folder, files) {
  for (const [name, text] of files) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text)
  }
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = path.slice(folder.length + 1).replaceAll('\\', '/')
    if (entry.isFile() && !files.has(name)) rmSync(path)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundlePackages()
