import type { Family, Snapshot } from '@promherd/core'

/** All series at one moment: parsed from text, or from a snapshot of a directory. */

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Samples {
  /** Seconds, of a monotonic clock. */
  readonly at: number
  /** The series of a metric; a histogram has the names of the text format: `_bucket`, `_sum`, `_count`. */
  named(name: string): readonly Sample[]
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g
const VALUES: Readonly<Record<string, number>> = { '+Inf': Number.POSITIVE_INFINITY, '-Inf': Number.NEGATIVE_INFINITY }

/** Parses Prometheus text. Lines that are not samples are skipped. */
export function samplesOfText(text: string, at: number): Samples {
  const series = new Map<string, Sample[]>()
  for (const line of text.split('\n')) {
    const match = line.startsWith('#') ? null : SAMPLE.exec(line)
    if (match === null) continue
    const [, name = '', labels = '', value = ''] = match
    add(series, name, { labels: labelsOf(labels), value: VALUES[value] ?? Number(value) })
  }
  return { at, named: name => series.get(name) ?? [] }
}

function labelsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(LABEL)].map(([, name, value]) => [name, unescaped(value!)])
  return Object.fromEntries(pairs)
}

function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
}

export function samplesOfSnapshot({ families }: Snapshot, at: number): Samples {
  const series = new Map<string, Sample[]>()
  for (const family of families) {
    family.labels.forEach((values, i) => {
      const labels = Object.fromEntries(family.labelNames.map((name, j) => [name, values[j] ?? '']))
      if (family.type === 'histogram') addHistogram(series, family, i, labels)
      else add(series, family.name, { labels, value: family.values.get(i) })
    })
  }
  return { at, named: name => series.get(name) ?? [] }
}

function addHistogram(series: Map<string, Sample[]>, family: Family, i: number, labels: Sample['labels']): void {
  let count = 0
  for (const [j, bound] of [...family.buckets, Number.POSITIVE_INFINITY].entries()) {
    count += family.values.get(i, j)
    const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound)
    add(series, `${family.name}_bucket`, { labels: { ...labels, le }, value: count })
  }
  add(series, `${family.name}_count`, { labels, value: count })
}

function add(series: Map<string, Sample[]>, name: string, sample: Sample): void {
  const known = series.get(name)
  if (known === undefined) series.set(name, [sample])
  else known.push(sample)
}
