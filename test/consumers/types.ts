import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT, runProcess } from '../support/process.ts'
import type { Project } from './project.ts'

const require = createRequire(import.meta.url)

const CHECK = join(import.meta.dirname, 'fixtures/typecheck.cjs')

/** How a project resolves modules, and the files that it can have. Hono has no types for CommonJS under node16. */
const RESOLUTIONS: Readonly<Record<string, { readonly options: object; readonly include: readonly string[] }>> = {
  node16: { options: { module: 'node16' }, include: ['adapters.mts', 'adapters.cts', 'hono.mts'] },
  nodenext: { options: { module: 'nodenext' }, include: ['adapters.mts', 'adapters.cts', 'hono.mts', 'hono.cts'] },
  node10: {
    options: { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true },
    include: ['adapters.ts', 'hono.ts'],
  },
  bundler: { options: { module: 'esnext', moduleResolution: 'bundler' }, include: ['adapters.mts', 'hono.mts'] },
}

/** The parameters of a compilation: the version, the resolution of modules, and whether options may be undefined. */
type Case = readonly [version: string, resolution: string, exact: boolean]

/** The oldest compiler that is supported. */
const OLDEST: readonly Case[] = [
  ['5.4', 'node16', true],
  // The newest compiler does not support this resolution.
  ['5.4', 'node10', false],
]

/** The newest compiler, which has no API. */
const NEWEST: readonly Case[] = [
  ['7.0', 'bundler', true],
  ['7.0', 'nodenext', false],
]

/** Projects in TypeScript compile, and all type declarations of promherd are checked. */
export function typeTests(project: () => Project): void {
  describe('a strict project in TypeScript compiles, except for a wrong option', { timeout: 180_000 }, () => {
    const title = 'TypeScript %s, %s, exactOptionalPropertyTypes: %s'
    const isExpected = [expect.stringMatching(/^typed\/wrong\.m?ts\(2,\d+\): error TS2322: /)]

    // One process for both: a compiler that has been optimized compiles the second project in less time.
    let oldest: Promise<string[]> | undefined
    test.each(OLDEST)(title, async (...compiled) => {
      oldest ??= compiledByOldest(project())
      expect(complaints((await oldest)[OLDEST.findIndex(([, resolution]) => resolution === compiled[1])]!)).toEqual(
        isExpected,
      )
    })

    test.each(NEWEST)(title, async (...compiled) => {
      const args = [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', configOf(project(), compiled)]
      expect(complaints((await runProcess(process.execPath, args, { cwd: project().folder })).output)).toEqual(
        isExpected,
      )
    })
  })
}

/** The errors of the oldest compiler in each of its projects. */
async function compiledByOldest(project: Project): Promise<string[]> {
  const configs = OLDEST.map(compiled => configOf(project, compiled))
  const args = [CHECK, require.resolve('typescript-5.4'), ...configs]
  const { code, output } = await runProcess(process.execPath, args, { cwd: project.folder })
  if (code !== 0) throw new Error(output)
  return JSON.parse(output) as string[]
}

/** The errors of a compiler in the project and in the packages of promherd. Errors in other packages are not included. */
function complaints(output: string): string[] {
  const lines = output.split('\n').filter(line => /error TS\d+/.test(line))
  return lines.filter(line => !/node_modules\/(?!@?promherd)/.test(line.split('(', 1)[0]!))
}

/** Writes the sources and the configuration of a project, whose path it returns. */
function configOf(project: Project, [version, resolution, exactOptionalPropertyTypes]: Case): string {
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
  return project.write(
    `typed/tsconfig-${version}-${resolution}-${exactOptionalPropertyTypes}.json`,
    JSON.stringify({ compilerOptions, files: [...include, `entries.${kind}`, `wrong.${kind}`] }),
  )
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

// This shows that the compiler checks the types.
const WRONG = `import { createMonitor } from '@promherd/core'
createMonitor({ worker: 'one' })
`
