import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { commonJsTypes } from './commonjs-types.mjs'

/**
 * Makes of each package the files that run: a folder `bundle` with what its manifest exports, as ES modules (`.js`) and
 * as CommonJS (`.cjs`), and the types of the latter. Node takes about half a millisecond for each file that is loaded,
 * however little is in it, so there are few. A source is in one file of each kind only, whichever entry needs it.
 */

const PACKAGES = fileURLToPath(new URL('../packages/', import.meta.url))

/** What is named by its file at run time, beside what the manifests export, and what only bundlers take. */
const NAMED_BY_FILE = {
  core: {
    esm: ['auto/measuring', 'auto/sharing', 'program/program-worker'],
    cjs: ['auto/measuring', 'auto/sharing', 'config/process-config'],
  },
  cli: { esm: ['main'] },
}

/** Entries whose source depends on how they are loaded. */
const SOURCES = { 'auto-bundled.js': 'auto/bundled', 'auto.cjs': 'auto/required' }

/** Which sources share a file, with all that they import. What is in none is put together by the entries that need it. */
const GROUPS = {
  core: [
    // What the preload needs in a process that has no HTTP server, and others need too.
    {
      name: 'base',
      priority: 2,
      test: /rolldown[\\/]runtime|src[\\/](base[\\/](alike|errors|shared|node-require)|auto[\\/](begin|hooks[\\/]fastify-channel)|config[\\/]find-file|server[\\/]metrics-mark)\.ts$/,
    },
    // What every process needs that records: adapters import both of its entries.
    {
      name: 'core',
      priority: 1,
      test: /src[\\/](base[\\/]primary-pid|herd[\\/]process-herd|(adapter|monitor|http|routes|server)[\\/].*)\.ts$/,
    },
  ],
}

/** Bundles every package, and leaves alone each file that is as it should be: a process may be about to read it. */
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
    // Whatever is no path, be it one of Windows: dependencies, our other packages, and Node itself. And another
    // entry, where it is named by its bundle.
    external: /^(?![A-Za-z]:)[^./\\]|^\.\/[\w-]+\.c?js$/,
    makeAbsoluteExternalsRelative: false,
  })
  const { output } = await bundle.generate({
    format,
    sourcemap: true,
    strict: true,
    // Node reads every byte; who wants to know has the sources in the maps.
    comments: { jsdoc: false },
    // All in one folder: what the code names by its file is beside it.
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
