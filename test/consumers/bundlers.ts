import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { must, type Project } from './project.ts'

/** What a bundler makes of an application: ES modules or CommonJS, in one file. */
export type Format = 'esm' | 'cjs'

/** Bundles `entry` into a folder of its own, all but koffi, and returns the file that runs. */
export type Bundle = (project: Project, entry: string, format: Format) => Promise<string>

const require = createRequire(import.meta.url)

/** Each bundler with the options that its documentation has for Node. */
export const BUNDLERS: Readonly<Record<string, Bundle>> = {
  esbuild: async (project, entry, format) => {
    const outfile = outputOf(project, 'esbuild', entry, format)
    const { build } = await import('esbuild')
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format,
      external: ['koffi'],
      logLevel: 'error',
      // The CommonJS packages in the bundle (Express) require Node's modules.
      ...(format === 'esm' && { banner: { js: REQUIRE_BANNER } }),
    })
    return outfile
  },
  rolldown: async (project, entry, format) => {
    const file = outputOf(project, 'rolldown', entry, format)
    const { rolldown } = await import('rolldown')
    const bundle = await rolldown({ input: entry, platform: 'node', external: ['koffi'], tsconfig: false })
    await bundle.write({ file, format, codeSplitting: false })
    await bundle.close()
    return file
  },
  webpack: async (project, entry, format) => {
    const path = outputOf(project, 'webpack', entry, format)
    const configuration = {
      mode: 'production',
      target: 'node20',
      entry,
      externals: { koffi: format === 'esm' ? 'import koffi' : 'commonjs koffi' },
      output: {
        path: dirname(path),
        filename: basename(path),
        ...(format === 'esm' && { module: true, chunkFormat: 'module', library: { type: 'module' } }),
      },
      experiments: { outputModule: format === 'esm' },
      optimization: { minimize: false },
    }
    const script = `const webpack = require(${JSON.stringify(require.resolve('webpack'))})
      webpack(${JSON.stringify(configuration)}, (error, stats) => {
        if (error) throw error
        const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true })
        for (const { message, moduleName } of [...errors, ...warnings]) {
          // Express looks for its view engines in this way, whoever bundles it.
          if (!/node_modules.+express/.test(moduleName ?? '')) throw new Error(moduleName + ': ' + message)
        }
      })`
    await must(process.execPath, ['-e', script], project.folder)
    return path
  },
  ncc: async (project, entry, format) => {
    const folder = dirname(outputOf(project, 'ncc', entry, format))
    // ncc makes of the entry what it is itself.
    const source = format === 'esm' ? entry : await asCommonJs(project, entry)
    const cli = require.resolve('@vercel/ncc/dist/ncc/cli.js')
    await must(process.execPath, [cli, 'build', source, '-o', folder, '-e', 'koffi'], project.folder)
    return join(folder, readdirSync(folder).find(name => /^index\.[mc]?js$/.test(name))!)
  },
}

async function asCommonJs(project: Project, entry: string): Promise<string> {
  const { transform } = await import('esbuild')
  const { code } = await transform(readFileSync(entry, 'utf8'), { format: 'cjs', platform: 'node' })
  return project.write(`src/${basename(entry, '.mjs')}.cjs`, code)
}

const REQUIRE_BANNER = `import { createRequire as createRequireOfBanner } from 'node:module'
const require = createRequireOfBanner(import.meta.url)`

function outputOf(project: Project, bundler: string, entry: string, format: Format): string {
  const name = basename(entry, '.mjs')
  return join(project.folder, 'out', `${bundler}-${format}-${name}`, `bundle.${format === 'esm' ? 'mjs' : 'cjs'}`)
}
