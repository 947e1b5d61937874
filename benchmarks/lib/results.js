import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { pageOf } from './page.js'

/** The last stored report of each benchmark, and the page that shows them. */

const RESULTS = new URL('../results.json', import.meta.url)
const PAGE = new URL('../../docs/benchmarks.md', import.meta.url)

/** The reports by the names of their benchmarks. */
export function readResults() {
  return existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {}
}

/** Keeps the reports in place of the earlier ones of the same benchmarks, and writes the page. */
export function keepReports(reports) {
  const results = resultsWith(readResults(), reports)
  writeFileSync(RESULTS, `${JSON.stringify(results, undefined, 2)}\n`)
  writeFileSync(PAGE, pageOf(results))
}

/** The results with these reports in the places of their benchmarks; all others stay as they are. */
export function resultsWith(results, reports) {
  return { ...results, ...Object.fromEntries(reports.map(report => [report.benchmark, report])) }
}
