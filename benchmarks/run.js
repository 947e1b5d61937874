import { parseArgs } from 'node:util'
import { latency } from './latency.js'
import { table } from './lib/report.js'
import { record } from './record.js'
import { request } from './request.js'
import { scale } from './scale.js'
import { scrape } from './scrape.js'

/** `npm run bench -- <benchmark>`: runs one benchmark and prints what it found. */

const BENCHMARKS = { record, scrape, scale, latency, request }
const USAGE = `usage: bench <${Object.keys(BENCHMARKS).join('|')}> [--json] [--quick] [--workers N] [--series N] [--framework NAME]`

try {
  const { benchmark, json, ...options } = readArguments()
  const report = await benchmark(options)
  process.stdout.write(`${json ? JSON.stringify(report, undefined, 2) : table(report)}\n`)
  // A side that counts otherwise than the rest is not measured but broken.
  if (report.checks.equal === false) process.exitCode = 1
} catch (error) {
  process.stderr.write(`bench: ${error.message}\n`)
  process.exitCode = 2
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      workers: { type: 'string' },
      series: { type: 'string' },
      framework: { type: 'string' },
    },
  })
  const [name, ...rest] = positionals
  if (!Object.hasOwn(BENCHMARKS, name ?? '') || rest.length > 0) {
    throw new Error(`expected one benchmark, but got \`${positionals.join(' ')}\`. ${USAGE}`)
  }
  const { json, quick, framework } = values
  const sizes = { workers: whole('workers', values.workers, 1000), series: whole('series', values.series, 1_000_000) }
  return { benchmark: BENCHMARKS[name], json, quick, framework, ...sizes }
}

function whole(name, text, most) {
  if (text === undefined) return undefined
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= most) return number
  throw new Error(`expected --${name} to be a whole number from 1 to ${most}, but got \`${text}\`. ${USAGE}`)
}
