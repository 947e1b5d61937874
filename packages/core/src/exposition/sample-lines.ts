import type { Family } from '../snapshot/snapshot.ts'
import type { Exemplar } from '../store/exemplar.ts'
import { type ByteWriter, numberText } from './byte-writer.ts'
import type { Section, SeriesWriter } from './cached-section.ts'

/** The differences between the text formats; the sample lines of a family are otherwise the same. */
export interface LineFormat {
  /** Formats the bound of a bucket, or a quantile. */
  readonly bound: (value: number) => string
  /** Whether exemplars are written. */
  readonly exemplars: boolean
}

/** The sections below the head of a family. */
export function sectionsOf(family: Family, { bound, exemplars }: LineFormat): Section[] {
  const { name, type, labelNames, labels, values, buckets, quantiles } = family
  const key = JSON.stringify([name, type, labelNames, buckets])
  const shownExemplars = exemplars ? family.exemplars : undefined
  const own = { key, labels, values, labelText: labelWriter(labelNames), exemplars: shownExemplars }
  if (type === 'histogram') return [{ ...own, write: histogramWriter(name, buckets, bound) }]
  if (type !== 'summary') return [{ ...own, write: plainWriter(name) }]
  const sections: Section[] = [{ ...own, write: summaryWriter(name) }]
  if (quantiles === undefined) return sections
  const written = {
    key: JSON.stringify([name, 'quantiles', quantiles.labelNames]),
    labels: quantiles.labels,
    values: quantiles.values,
    labelText: quantileLabelWriter(quantiles.labelNames, bound),
  }
  return [{ ...written, write: plainWriter(name) }, ...sections]
}

function plainWriter(name: string): SeriesWriter {
  const sample = sampleWriter(name)
  return (writer, inner, page, at, exemplars) => sample(writer, inner, page[at]!, exemplars?.[0])
}

function summaryWriter(name: string): SeriesWriter {
  const sum = sampleWriter(`${name}_sum`)
  const count = sampleWriter(`${name}_count`)
  return (writer, inner, page, at) => {
    sum(writer, inner, page[at]!)
    count(writer, inner, page[at + 1]!)
  }
}

function histogramWriter(name: string, buckets: readonly number[], bound: LineFormat['bound']): SeriesWriter {
  const bounds = [...buckets.map(bound), '+Inf'].map(each => Buffer.from(`le="${each}"} `))
  const head = Buffer.from(`${name}_bucket{`)
  const sum = sampleWriter(`${name}_sum`)
  const total = sampleWriter(`${name}_count`)
  return (writer, inner, page, at, exemplars) => {
    const begin = writer.length
    writer.bytes(head)
    if (inner !== '') {
      writer.text(inner)
      writer.bytes(COMMA)
    }
    const end = writer.length
    let count = 0
    for (let b = 0; b < bounds.length; b++) {
      if (b > 0) writer.again(begin, end)
      writer.bytes(bounds[b]!)
      count += page[at + b]!
      endLine(writer, count, exemplars?.[b])
    }
    sum(writer, inner, page[at + bounds.length]!)
    total(writer, inner, count)
  }
}

/** Writes a line. */
type SampleWriter = (writer: ByteWriter, inner: string, value: number, exemplar?: Exemplar) => void

function sampleWriter(name: string): SampleWriter {
  const head = Buffer.from(`${name}{`)
  const alone = Buffer.from(`${name} `)
  return (writer, inner, value, exemplar) => {
    if (inner === '') writer.bytes(alone)
    else {
      writer.bytes(head)
      writer.text(inner)
      writer.bytes(BRACE)
    }
    endLine(writer, value, exemplar)
  }
}

function endLine(writer: ByteWriter, value: number, exemplar: Exemplar | undefined): void {
  writer.number(value)
  if (exemplar !== undefined) writer.text(exemplarText(exemplar))
  writer.bytes(LINE_BREAK)
}

const COMMA = Buffer.from(',')
const BRACE = Buffer.from('} ')
const LINE_BREAK = Buffer.from('\n')

function exemplarText(exemplar: Exemplar): string {
  const labels = exemplar.labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return ` # {${labels.join(',')}} ${numberText(exemplar.value)} ${exemplar.timestamp}`
}

function labelWriter(names: readonly string[]): Section['labelText'] {
  return values => names.map((name, i) => `${name}="${escapeLabel(values[i] ?? '')}"`).join(',')
}

function quantileLabelWriter(names: readonly string[], bound: LineFormat['bound']): Section['labelText'] {
  const write = labelWriter(names)
  const at = names.indexOf('quantile')
  return values => {
    const quantile = Number(values[at])
    return write(Number.isNaN(quantile) ? values : values.with(at, bound(quantile)))
  }
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, char => (char === '\n' ? '\\n' : `\\${char}`))
}
