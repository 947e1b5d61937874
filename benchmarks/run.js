import { readArguments } from './lib/arguments.js'
import { BENCHMARKS } from './lib/benchmarks.js'
import { documentOf } from './lib/document.js'
import { table } from './lib/report.js'
import { keepReports } from './lib/results.js'

/** `npm run bench`: runs the named benchmark, or all of them, and prints the results. */

try {
  const { names, json, write, options } = readArguments(process.argv.slice(2), Object.keys(BENCHMARKS))
  const reports = []
  for (const name of names) {
    const run = await BENCHMARKS[name].load()
    const report = await run(options)
    reports.push(report)
    // A run of all benchmarks takes long, so each result is printed at once.
    if (!json) process.stdout.write(`${table(report)}\n\n`)
  }
  if (json) process.stdout.write(`${JSON.stringify(documentOf(reports), undefined, 2)}\n`)
  const broken = reports.filter(({ checks }) => checks.equal === false).map(({ benchmark }) => benchmark)
  if (broken.length > 0) {
    // If a side has other counts than the rest, it is broken and its figures are invalid.
    process.stderr.write(`bench: the sides do not count the same: ${broken.join(', ')}\n`)
    process.exitCode = 1
  } else if (write) keepReports(reports)
} catch (error) {
  process.stderr.write(`bench: ${error.message}\n`)
  process.exitCode = 2
}
