/** Parses Prometheus text by its specification, independently of promherd: sample lines to numbers. */
export function samplesIn(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name, , inner, value] = /^([a-zA-Z_:][\w:]*)(\{(.*)\})? (\S+)$/s.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`not a sample: ${line}`)
    const key = keyOf(name, labelsIn(inner ?? ''))
    if (samples.has(key)) throw new Error(`a second ${key}`)
    samples.set(key, numberIn(value))
  }
  return samples
}

/** The name and labels of a series as one string: labels sorted by name, without empty ones. */
export function keyOf(name: string, labels: Record<string, string>): string {
  const kept = Object.entries(labels).filter(([, value]) => value !== '')
  return JSON.stringify([name, ...kept.sort(([a], [b]) => (a < b ? -1 : 1))])
}

function labelsIn(inner: string): Record<string, string> {
  const labels: Record<string, string> = {}
  const label = /([a-zA-Z_]\w*)="((?:[^\\"]|\\.)*)",?/gsy
  let end = 0
  for (let match = label.exec(inner); match !== null; match = label.exec(inner)) {
    labels[match[1]!] = unescapeLabel(match[2]!)
    end = label.lastIndex
  }
  if (end !== inner.length) throw new Error(`not labels: ${inner}`)
  return labels
}

function numberIn(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  return text.toLowerCase() === 'nan' ? Number.NaN : Number(text)
}

/** The value of an escaped label value. */
function unescapeLabel(text: string): string {
  return text.replace(/\\(.)/gs, (_, char: string) => (char === 'n' ? '\n' : char))
}
