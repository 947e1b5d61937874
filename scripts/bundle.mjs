import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

/**
 * Makes of each package the files that run: a folder `bundle` with what its manifest exports. Node takes about half a
 * millisecond for each file that is imported, however little is in it, so there are few. A source is in one of them
 * only, whichever entry needs it: what it keeps exists once in a process.
 */

const PACKAGES = fileURLToPath(new URL('../packages/', import.meta.url))

/** What is named by its file at run time, beside what the manifests export. */
const NAMED_BY_FILE = {
  core: ['auto/measuring', 'auto/sharing', 'cluster/program-worker'],
  cli: ['main'],
}

/** Which sources share a file, with all that they import. What is in none is put together by the entries that need it. */
const GROUPS = {
  core: [
    // What the preload needs in a process that has no HTTP server, and others need too.
    {
      name: 'base',
      priority: 2,
      test: /src[\\/](errors|auto[\\/]fastify-channel|config[\\/]find-file|server[\\/]metrics-mark)\.ts$/,
    },
    // What every process needs that records: adapters import both of its entries.
    {
      name: 'core',
      priority: 1,
      test: /src[\\/](monitor|instruments|(http|frameworks|server)[\\/].*(?<!frameworks[\\/]index))\.ts$/,
    },
  ],
}

/** Bundles every package, and leaves alone each file that is as it should be: a process may be about to read it. */
export default async function bundlePackages() {
  await Promise.all(readdirSync(PACKAGES).map(bundlePackage))
}

async function bundlePackage(name) {
  const folder = join(PACKAGES, name)
  const bundle = await rolldown({
    input: entriesOf(name, folder),
    cwd: folder,
    platform: 'node',
    tsconfig: false,
    transform: { target: 'node20.19' },
    // Whatever is no path, be it one of Windows: dependencies, our other packages, and Node itself.
    external: /^(?![A-Za-z]:)[^./\\]/,
  })
  const { output } = await bundle.generate({
    format: 'esm',
    sourcemap: true,
    // Node reads every byte; who wants to know has the sources in the maps.
    comments: { jsdoc: false },
    // All in one folder: what the code names by its file is beside it, and the manifest above it.
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    codeSplitting: { groups: GROUPS[name] ?? [] },
  })
  await bundle.close()
  replaceFiles(join(folder, 'bundle'), new Map(output.map(file => [file.fileName, file.code ?? file.source])))
}

/** The source of each entry, by the name of its bundle. */
function entriesOf(name, folder) {
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const entries = {}
  for (const { types, default: file } of Object.values(exports)) {
    if (file !== undefined) entries[basename(file, '.js')] = types.replace('/dist/', '/src/').replace('.d.ts', '.ts')
  }
  for (const path of NAMED_BY_FILE[name] ?? []) entries[basename(path)] = `./src/${path}.ts`
  return entries
}

function replaceFiles(folder, files) {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of files) {
    const path = join(folder, name)
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text)
  }
  for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name), { recursive: true })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundlePackages()
