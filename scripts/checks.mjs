import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT, run, runInstalled, Stop } from './exec.mjs'
import { requirePrograms, skippedPrograms } from './programs.mjs'
import { readReport, summaryOf } from './report.mjs'

/** The checks of a change: format, lint, types, tests. */

export function lint(args = []) {
  return runInstalled('@biomejs/biome/bin/biome', ['check', ...args])
}

export function format(args = []) {
  return runInstalled('@biomejs/biome/bin/biome', ['check', '--write', ...args])
}

/** Checks all types, including those of tests, compiles every package, and creates the bundles. */
export async function build(args = []) {
  const code = await runInstalled('typescript/bin/tsc', ['-b', ...args])
  return code || run(process.execPath, [join(ROOT, 'scripts/bundle.mjs')])
}

/** Runs all checks. The last line is `tests: N passed, M failed`. The exit code is that of the tests. */
export async function test(args) {
  const skipped = skippedPrograms()
  await requirePrograms(skipped)
  if ((await lint()) !== 0)
    throw new Stop('The linter reports errors, so no test was run. `npm run format` can fix some of them.')
  if ((await build()) !== 0) throw new Stop('The build fails, so no test was run.')
  const folder = mkdtempSync(join(tmpdir(), 'promherd-report-'))
  try {
    const file = join(folder, 'report.json')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const code = await runInstalled('vitest/vitest.mjs', ['run', ...reporters, ...args])
    console.log(summaryOf(readReport(file), { code, skipped }).join('\n'))
    return code
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
