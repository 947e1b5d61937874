import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT, run, runInstalled, Stop } from './exec.mjs'
import { requirePrograms, skippedPrograms } from './programs.mjs'
import { readReport, summaryOf } from './report.mjs'

/** What is checked before a change is good: format, lint, types, tests. */

export function lint(args = []) {
  return runInstalled('@biomejs/biome/bin/biome', ['check', ...args])
}

export function format(args = []) {
  return runInstalled('@biomejs/biome/bin/biome', ['check', '--write', ...args])
}

/** Checks the types of everything, tests among them, compiles every package, and makes the files that run. */
export async function build(args = []) {
  const code = await runInstalled('typescript/bin/tsc', ['-b', ...args])
  return code || run(process.execPath, [join(ROOT, 'scripts/bundle.mjs')])
}

/** Everything at once. The last line is `tests: N passed, M failed`; the exit code is that of the tests. */
export async function test(args) {
  const skipped = skippedPrograms()
  await requirePrograms(skipped)
  if ((await lint()) !== 0) throw new Stop('The linter complains, so no test was run. `npm run format` may help.')
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
