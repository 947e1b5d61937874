import { join } from 'node:path'
import { build } from './checks.mjs'
import { ROOT, run, runInstalled, Stop } from './exec.mjs'
import { PROGRAMS, requirePrograms } from './programs.mjs'

/** The commands that use the built packages. */

export function demo(args) {
  return runBuilt('examples/demo/index.js', args)
}

export async function braid(args) {
  await requirePrograms(Object.keys(PROGRAMS).filter(name => name !== 'prometheus'))
  return runBuilt('examples/braid/index.js', args)
}

export function bench(args) {
  return runBuilt('benchmarks/run.js', args)
}

/** Writes the parts of the documentation that are generated from code and tests. */
export async function docs(args) {
  const code = await runBuilt('scripts/docs.mjs', args)
  // The laws are data in TypeScript tests, which Vitest can load and Node cannot.
  const env = { PROMHERD_WRITE_DOCS: '1' }
  const pages = ['test/contract/laws-page.test.ts', 'test/matrix/page.test.ts', 'test/programs/page.test.ts']
  return code || runInstalled('vitest/vitest.mjs', ['run', ...pages], { env })
}

async function runBuilt(script, args) {
  if ((await build()) !== 0) throw new Stop('The build fails.')
  return run(process.execPath, [join(ROOT, script), ...args])
}
