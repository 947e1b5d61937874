import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT, runProcess } from '../support/process.ts'
import type { Project } from './project.ts'

const require = createRequire(import.meta.url)

/** The oldest compiler that is supported and the newest, which has no API that could be called. */
const COMPILERS: Readonly<Record<string, (config: string) => string[]>> = {
  '5.4': config => [CHECK, require.resolve('typescript-5.4'), config],
  '7.0': config => [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', config],
}

const CHECK = join(import.meta.dirname, 'fixtures/typecheck.cjs')

/** How a project resolves modules, and which of the files it can have. Hono has no types for CommonJS under node16. */
const RESOLUTIONS: Readonly<Record<string, { readonly options: object; readonly include: readonly string[] }>> = {
  node16: { options: { module: 'node16' }, include: ['adapters.mts', 'adapters.cts', 'hono.mts'] },
  nodenext: { options: { module: 'nodenext' }, include: ['adapters.mts', 'adapters.cts', 'hono.mts', 'hono.cts'] },
  node10: {
    options: { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true },
    include: ['adapters.ts', 'hono.ts'],
  },
  bundler: { options: { module: 'esnext', moduleResolution: 'bundler' }, include: ['adapters.mts', 'hono.mts'] },
}

/** Projects in TypeScript compile, with every file of our types checked. */
export function typeTests(project: () => Project): void {
  describe('a strict project in TypeScript compiles, but for an option that is wrong', { timeout: 180_000 }, () => {
    test.each<[version: string, resolution: string, exact: boolean]>([
      ['5.4', 'node16', true],
      // The newest cannot resolve in this way.
      ['5.4', 'node10', false],
      ['7.0', 'bundler', true],
      ['7.0', 'nodenext', false],
    ])('TypeScript %s, %s, exactOptionalPropertyTypes: %s', async (version, resolution, exact) => {
      expect(await complaints(project(), version, resolution, exact)).toEqual([
        expect.stringMatching(/^typed\/wrong\.m?ts\(2,\d+\): error TS2322: /),
      ])
    })
  })
}

/** What a compiler says of the project and of our packages. What it says of others, any user of those reads. */
async function complaints(
  project: Project,
  version: string,
  resolution: string,
  exactOptionalPropertyTypes: boolean,
): Promise<string[]> {
  writeSources(project)
  const { options, include } = RESOLUTIONS[resolution]!
  const kind = include.includes('adapters.ts') ? 'ts' : 'mts'
  const compilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes,
    target: 'es2022',
    lib: ['es2022'],
    types: ['node'],
    preserveSymlinks: false,
    ...options,
  }
  const config = project.write(
    `typed/tsconfig-${version}-${resolution}-${exactOptionalPropertyTypes}.json`,
    JSON.stringify({ compilerOptions, files: [...include, `entries.${kind}`, `wrong.${kind}`] }),
  )
  const { output } = await runProcess(process.execPath, COMPILERS[version]!(config), { cwd: project.folder })
  const lines = output.split('\n').filter(line => /error TS\d+/.test(line))
  return lines.filter(line => !/node_modules\/(?!@?promherd)/.test(line.split('(', 1)[0]!))
}

/** The same source as each kind of module. */
function writeSources(project: Project): void {
  const read = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')
  const commonJs = read('typed.ts.txt')
  const esm = commonJs.replaceAll(/import (\w+) = require\(('.+')\)/g, 'import $1 from $2')
  project.write('typed/adapters.cts', commonJs)
  for (const name of ['adapters.mts', 'adapters.ts']) project.write(`typed/${name}`, esm)
  for (const name of ['entries.mts', 'entries.ts']) project.write(`typed/${name}`, entriesOf(project))
  for (const name of ['wrong.mts', 'wrong.ts']) project.write(`typed/${name}`, WRONG)
  for (const name of ['hono.mts', 'hono.cts', 'hono.ts']) project.write(`typed/${name}`, read('typed-hono.ts.txt'))
}

/** All that can be imported of any of the packages. */
function entriesOf(project: Project): string {
  const names = [...project.tarballs.keys()].flatMap(name => {
    const manifest = join(project.folder, 'node_modules', name, 'package.json')
    const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { exports: Readonly<Record<string, unknown>> }
    const entries = Object.entries(exports).filter(([, entry]) => typeof entry === 'object')
    return entries.map(([entry]) => entry.replace('.', name))
  })
  return names.map((name, i) => `export * as entry${i} from '${name}'\n`).join('')
}

// Without it a compiler that checked nothing would be believed.
const WRONG = `import { createMonitor } from '@promherd/core'
createMonitor({ worker: 'one' })
`
