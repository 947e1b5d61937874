import { runProcess } from './process.ts'

/** The samples of a metrics text as Python's client reads them: name, labels and value of each. */
export async function readWithPython(text: string): Promise<[string, Record<string, string>, number][]> {
  const read = await runProcess(await python(), ['-c', READ], { input: text })
  if (read.code !== 0) throw new Error(`Expected Python to read the metrics: ${read.output}`)
  return JSON.parse(read.output) as [string, Record<string, string>, number][]
}

const READ = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
families = text_string_to_metric_families(sys.stdin.read())
print(json.dumps([[s.name, s.labels, s.value] for f in families for s in f.samples]))
`

/** The same of OpenMetrics text, with the labels, value and time of the exemplar of each that has one. */
export async function readOpenMetricsWithPython(text: string): Promise<OpenMetricsSample[]> {
  const read = await runProcess(await python(), ['-c', READ_OPENMETRICS], { input: text })
  if (read.code !== 0) throw new Error(`Expected Python to read OpenMetrics: ${read.output}`)
  return JSON.parse(read.output) as OpenMetricsSample[]
}

export type OpenMetricsSample = [
  name: string,
  labels: Record<string, string>,
  value: number,
  exemplar: [labels: Record<string, string>, value: number, timestamp: number] | null,
]

// Standard input would take each carriage return in a label value for the end of a line.
const READ_OPENMETRICS = `
import io, json, sys
from prometheus_client.openmetrics.parser import text_fd_to_metric_families
text = io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline='\\n')
exemplar = lambda e: e and [e.labels, e.value, float(e.timestamp)]
samples = [s for f in text_fd_to_metric_families(text) for s in f.samples]
print(json.dumps([[s.name, s.labels, s.value, exemplar(s.exemplar)] for s in samples]))
`

/** The units of the families of OpenMetrics text, without those that have none, as Python's client reads them. */
export async function readUnitsWithPython(text: string): Promise<Record<string, string>> {
  const read = await runProcess(await python(), ['-c', READ_UNITS], { input: text })
  if (read.code !== 0) throw new Error(`Expected Python to read OpenMetrics: ${read.output}`)
  return JSON.parse(read.output) as Record<string, string>
}

const READ_UNITS = `
import io, json, sys
from prometheus_client.openmetrics.parser import text_fd_to_metric_families
text = io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline='\\n')
print(json.dumps({f.name: f.unit for f in text_fd_to_metric_families(text) if f.unit}))
`

/** The first Python that has Prometheus's client; another may stand in front of Debian's. */
async function python(): Promise<string> {
  const probe = await runProcess('python3', ['-c', 'import prometheus_client']).catch(() => ({ code: 1 }))
  return probe.code === 0 ? 'python3' : '/usr/bin/python3'
}
