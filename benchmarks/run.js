import { readArguments } from './lib/arguments.js'
import { BENCHMARKS } from './lib/benchmarks.js'
import { documentOf } from './lib/document.js'
import { table } from './lib/report.js'
import { keepReports } from './lib/results.js'

/** `npm run bench`: runs the benchmark that is named, or all of them, and prints what they found. */

try {
  const { names, json, write, options } = readArguments(process.argv.slice(2), Object.keys(BENCHMARKS))
  const reports = []
  for (const name of names) {
    const run = await BENCHMARKS[name].load()
    const report = await run(options)
    reports.push(report)
    // A run of all takes a while: each is told when it is done.
    if (!json) process.stdout.write(`${table(report)}\n\n`)
  }
  if (json) process.stdout.write(`${JSON.stringify(documentOf(reports), undefined, 2)}\n`)
  const broken = reports.filter(({ checks }) => checks.equal === false).map(({ benchmark }) => benchmark)
  if (broken.length > 0) {
    // A side that counts otherwise than the rest is not measured but broken.
    process.stderr.write(`bench: the sides do not count the same: ${broken.join(', ')}\n`)
    process.exitCode = 1
  } else if (write) keepReports(reports)
} catch (error) {
  process.stderr.write(`bench: ${error.message}\n`)
  process.exitCode = 2
}
