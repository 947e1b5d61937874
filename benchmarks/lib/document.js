/**
 * The reports of one run as one document for programs. It has the figures of all benchmarks in one object: their keys
 * begin with the name of the benchmark. For a single benchmark it is the report itself.
 */
export function documentOf(reports) {
  const [first] = reports
  if (reports.length === 1) return first
  const byBenchmark = part => Object.fromEntries(reports.map(report => [report.benchmark, report[part]]))
  return {
    benchmark: 'all',
    machine: Object.assign({}, ...reports.map(({ machine }) => machine)),
    settings: byBenchmark('settings'),
    figures: Object.assign({}, ...reports.map(({ figures }) => figures)),
    checks: byBenchmark('checks'),
  }
}
