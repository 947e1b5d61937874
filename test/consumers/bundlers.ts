import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { must, type Project } from './project.ts'

/** The output of a bundler: ES modules or CommonJS, in one file. */
export type Format = 'esm' | 'cjs'

export const FORMATS: readonly Format[] = ['esm', 'cjs']

/** The applications that are bundled, by the names of their files. */
export const APPLICATIONS = ['app', 'preloaded'] as const
export type Application = (typeof APPLICATIONS)[number]

/** Bundles each application in each format, all but koffi, into files of `bundleOf`. */
export type Bundler = (project: Project) => Promise<void>

const require = createRequire(import.meta.url)

/** Each bundler with the options that its documentation names for Node. One process bundles all: most of the time is its start. */
export const BUNDLERS: Readonly<Record<string, Bundler>> = {
  esbuild: async project => {
    const { build } = await import('esbuild')
    for (const format of FORMATS) {
      await build({
        entryPoints: APPLICATIONS.map(name => ({ in: sourceOf(project, name), out: `${name}/bundle` })),
        outdir: folderOf(project, 'esbuild', format),
        outExtension: { '.js': ENDINGS[format] },
        bundle: true,
        platform: 'node',
        format,
        external: ['koffi'],
        logLevel: 'error',
        // The CommonJS packages in the bundle (Express) require Node's modules.
        ...(format === 'esm' && { banner: { js: REQUIRE_BANNER } }),
      })
    }
  },
  rolldown: async project => {
    const { rolldown } = await import('rolldown')
    for (const name of APPLICATIONS) {
      const input = sourceOf(project, name)
      const bundle = await rolldown({ input, platform: 'node', external: ['koffi'], tsconfig: false })
      for (const format of FORMATS) {
        await bundle.write({ file: bundleOf(project, 'rolldown', format, name), format, codeSplitting: false })
      }
      await bundle.close()
    }
  },
  webpack: async project => {
    const configurations = FORMATS.map(format => ({
      mode: 'production',
      target: 'node20',
      entry: Object.fromEntries(APPLICATIONS.map(name => [name, sourceOf(project, name)])),
      externals: { koffi: format === 'esm' ? 'import koffi' : 'commonjs koffi' },
      output: {
        path: folderOf(project, 'webpack', format),
        filename: `[name]/bundle${ENDINGS[format]}`,
        ...(format === 'esm' && { module: true, chunkFormat: 'module', library: { type: 'module' } }),
      },
      experiments: { outputModule: format === 'esm' },
      optimization: { minimize: false },
    }))
    await runScript(
      project,
      `const webpack = require(${JSON.stringify(require.resolve('webpack'))})
      webpack(${JSON.stringify(configurations)}, (error, stats) => {
        if (error) throw error
        const all = stats.toJson({ all: false, children: true, errors: true, warnings: true }).children
        for (const { message, moduleName } of all.flatMap(({ errors, warnings }) => [...errors, ...warnings])) {
          // Express loads its view engines with a dynamic require, in every bundle.
          if (!/node_modules.+express/.test(moduleName ?? '')) throw new Error(moduleName + ': ' + message)
        }
      })`,
    )
  },
  ncc: async project => {
    const jobs: { readonly entry: string; readonly folder: string; readonly file: string }[] = []
    for (const format of FORMATS) {
      for (const name of APPLICATIONS) {
        const file = bundleOf(project, 'ncc', format, name)
        mkdirSync(dirname(file), { recursive: true })
        // ncc keeps the module format of the entry.
        const entry = format === 'esm' ? sourceOf(project, name) : await asCommonJs(project, name)
        jobs.push({ entry, folder: dirname(file), file: basename(file) })
      }
    }
    await runScript(
      project,
      `const ncc = require(${JSON.stringify(require.resolve('@vercel/ncc'))})
      const { writeFileSync } = require('node:fs')
      const { join } = require('node:path')
      async function main() {
        for (const { entry, folder, file } of ${JSON.stringify(jobs)}) {
          const { code, assets } = await ncc(entry, { cache: false, externals: ['koffi'], quiet: true })
          writeFileSync(join(folder, file), code)
          for (const [name, { source }] of Object.entries(assets)) writeFileSync(join(folder, name), source)
        }
      }
      main()`,
    )
  },
}

/** The file that runs. */
export function bundleOf(project: Project, bundler: string, format: Format, name: Application): string {
  return join(folderOf(project, bundler, format), name, `bundle${ENDINGS[format]}`)
}

const ENDINGS = { esm: '.mjs', cjs: '.cjs' } as const satisfies Readonly<Record<Format, string>>

const REQUIRE_BANNER = `import { createRequire as createRequireOfBanner } from 'node:module'
const require = createRequireOfBanner(import.meta.url)`

function folderOf(project: Project, bundler: string, format: Format): string {
  return join(project.folder, 'out', bundler, format)
}

function textOf(name: Application): string {
  return readFileSync(join(import.meta.dirname, 'fixtures', `${name}.mjs`), 'utf8')
}

function sourceOf(project: Project, name: Application): string {
  return project.write(`src/${name}.mjs`, textOf(name))
}

async function asCommonJs(project: Project, name: Application): Promise<string> {
  const { transform } = await import('esbuild')
  const { code } = await transform(textOf(name), { format: 'cjs', platform: 'node' })
  return project.write(`src/${name}.cjs`, code)
}

async function runScript(project: Project, script: string): Promise<void> {
  await must(process.execPath, ['-e', script], project.folder)
}
