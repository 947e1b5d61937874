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

/** The first Python that has Prometheus's client; another may stand in front of Debian's. */
async function python(): Promise<string> {
  const probe = await runProcess('python3', ['-c', 'import prometheus_client']).catch(() => ({ code: 1 }))
  return probe.code === 0 ? 'python3' : '/usr/bin/python3'
}
