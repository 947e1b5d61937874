/**
 * Generates the parts of the documentation that come from code and data: `docs/metrics.md`, the table in the README, and
 * the page of the benchmarks. `npm run docs` writes the files, and a test compares them to the generated text.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { pageOf } from '../benchmarks/lib/page.js'
import { readResults } from '../benchmarks/lib/results.js'
import {
  ERROR_CATEGORIES,
  FORWARD_ERROR_CAUSES,
  GARBAGE_KINDS,
  INSTANCE_STATES,
  INTERNAL_ERROR_CAUSES,
  RESTART_REASONS,
  SIGNAL_NAMES,
  STORE_STATES,
  STREAM_KINDS,
} from '../packages/core/dist/definitions/label-values.js'
import { FAMILIES } from '../packages/core/dist/definitions/metrics.js'
import { WORKER_STATES } from '../packages/core/dist/store/header.js'

const AGGREGATED = {
  sum: 'sum',
  max: 'maximum',
  min: 'minimum',
  average: 'average',
  first: 'value of the worker that has run longest',
  latest: 'latest value',
  worker: 'one series per worker',
}

const CLOSED_SETS = {
  'http_request_errors_total{category}': ERROR_CATEGORIES,
  'http_streams_open{kind}': STREAM_KINDS,
  'promherd_forward_errors_total{cause}': FORWARD_ERROR_CAUSES,
  'promherd_group_instances{state}': INSTANCE_STATES,
  'promherd_internal_errors_total{cause}': INTERNAL_ERROR_CAUSES,
  'promherd_signals_total{signal}': SIGNAL_NAMES,
  'promherd_stores{state}': STORE_STATES,
  'promherd_worker_gc_duration_seconds{kind}': GARBAGE_KINDS,
  'promherd_worker_restarts_total{reason}': RESTART_REASONS,
  'promherd_worker_state{state}': WORKER_STATES,
}

const START = '<!-- metrics: written by npm run docs -->'
const END = '<!-- /metrics -->'

/** The text of every generated file, by its path from the root of the workspace. */
export function generatedDocs(root) {
  const readme = readFileSync(new URL('README.md', root), 'utf8')
  const before = readme.slice(0, readme.indexOf(START) + START.length)
  const after = readme.slice(readme.indexOf(END))
  return {
    'README.md': `${before}\n\n${shortTable()}\n\n${after}`,
    'docs/metrics.md': metricsPage(),
    'docs/benchmarks.md': pageOf(readResults()),
  }
}

function families() {
  return Object.values(FAMILIES).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function labelsOf({ labels, aggregator }) {
  const names = aggregator === 'worker' ? [...labels, 'worker'] : labels
  return names.map(name => `\`${name}\``).join(', ')
}

function shortTable() {
  const rows = families().map(family => `| \`${family.name}\` | ${family.type} | ${labelsOf(family)} |`)
  return ['| metric | type | labels |', '| --- | --- | --- |', ...rows].join('\n')
}

function metricsPage() {
  const rows = families().map(
    family =>
      `| \`${family.name}\` | ${family.type} | ${labelsOf(family)} | ${AGGREGATED[family.aggregator]} | ${family.help} |`,
  )
  const sets = Object.entries(CLOSED_SETS).map(
    ([name, values]) => `| \`${name}\` | ${values.map(value => `\`${value}\``).join(', ')} |`,
  )
  return `# Metrics

Written by \`npm run docs\` from the table in \`packages/core/src/definitions/metrics.ts\`. Times are in seconds, sizes in bytes.

| metric | type | labels | aggregation over workers | description |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

\`http_requests_total\` is the count of \`http_request_duration_seconds\`, plus the exchanges without a duration: streams (counted when they end, with the status 200 or 101) and requests that Node refused (with the route \`_refused\`).

## Closed sets

| label | values |
| --- | --- |
${sets.join('\n')}

The default upper bounds of \`http_request_duration_seconds\`, in seconds: ${FAMILIES.requestDuration.buckets.join(', ')}.
`
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const root = new URL('../', import.meta.url)
  for (const [path, text] of Object.entries(generatedDocs(root))) writeFileSync(new URL(path, root), text)
}
