import { join } from 'node:path'
import { build } from './checks.mjs'
import { ROOT, run, Stop } from './exec.mjs'

/** What runs on the built packages. */

export function demo(args) {
  return runBuilt('examples/demo/index.js', args)
}

export function bench(args) {
  return runBuilt('benchmarks/run.js', args)
}

/** Writes the parts of the documentation that the code knows better. */
export function docs(args) {
  return runBuilt('scripts/docs.mjs', args)
}

async function runBuilt(script, args) {
  if ((await build()) !== 0) throw new Stop('The build fails.')
  return run(process.execPath, [join(ROOT, script), ...args])
}
