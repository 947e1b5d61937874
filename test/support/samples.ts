/** Reading Prometheus text, independently of the code that writes it. */

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(,|$)/y

/** The samples of a text; throws at the first line that is neither a sample nor a comment. */
export function parseText(text: string): Sample[] {
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return lines.map(parseSample)
}

/** Fetches an address and reads what it answers. */
export async function scrape(url: string): Promise<Sample[]> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`Expected ${url} to answer 200, but it answered ${response.status}.`)
  return parseText(await response.text())
}

/** The sum of the samples with this name whose labels include these. */
export function sum(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  return select(samples, name, labels).reduce((total, { value }) => total + value, 0)
}

/** The samples with this name whose labels include these. */
export function select(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Sample[] {
  const wanted = Object.entries(labels)
  return samples.filter(sample => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value))
}

function parseSample(line: string): Sample {
  const match = SAMPLE.exec(line)
  if (match === null) throw new Error(`Expected a sample, but got: ${line}`)
  const [, name, labels, value] = match
  return { name: name!, labels: parseLabels(labels ?? '', line), value: parseNumber(value!) }
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    LABEL.lastIndex = at
    const match = LABEL.exec(text)
    if (match === null) throw new Error(`Expected labels, but got: ${line}`)
    labels[match[1]!] = match[2]!.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
  }
  return labels
}

function parseNumber(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  if (text !== 'NaN' && Number.isNaN(Number(text))) throw new Error(`Expected a number, but got: ${text}`)
  return Number(text)
}
