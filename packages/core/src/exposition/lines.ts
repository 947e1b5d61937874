import type { Family } from '../snapshot/snapshot.ts'
import type { Exemplar } from '../store/exemplar.ts'
import { type Draft, numberText } from './draft.ts'
import type { Part, Writer } from './kept-part.ts'

/** The differences between the text formats; the sample lines of a family are otherwise the same. */
export interface Words {
  /** Formats the bound of a bucket, or a quantile. */
  readonly bound: (value: number) => string
  /** Whether exemplars are written. */
  readonly exemplars: boolean
}

/** The parts below the head of a family. */
export function partsOf(family: Family, { bound, exemplars }: Words): Part[] {
  const { name, type, labelNames, labels, values, buckets, quantiles } = family
  const key = JSON.stringify([name, type, labelNames, buckets])
  const shownExemplars = exemplars ? family.exemplars : undefined
  const own = { key, labels, values, labelText: labelWriter(labelNames), exemplars: shownExemplars }
  if (type === 'histogram') return [{ ...own, write: histogramWriter(name, buckets, bound) }]
  if (type !== 'summary') return [{ ...own, write: plainWriter(name) }]
  const parts: Part[] = [{ ...own, write: summaryWriter(name) }]
  if (quantiles === undefined) return parts
  const shown = {
    key: JSON.stringify([name, 'quantiles', quantiles.labelNames]),
    labels: quantiles.labels,
    values: quantiles.values,
    labelText: quantileLabelWriter(quantiles.labelNames, bound),
  }
  return [{ ...shown, write: plainWriter(name) }, ...parts]
}

function plainWriter(name: string): Writer {
  const sample = sampleWriter(name)
  return (draft, inner, page, at, exemplars) => sample(draft, inner, page[at]!, exemplars?.[0])
}

function summaryWriter(name: string): Writer {
  const sum = sampleWriter(`${name}_sum`)
  const count = sampleWriter(`${name}_count`)
  return (draft, inner, page, at) => {
    sum(draft, inner, page[at]!)
    count(draft, inner, page[at + 1]!)
  }
}

function histogramWriter(name: string, buckets: readonly number[], bound: Words['bound']): Writer {
  const bounds = [...buckets.map(bound), '+Inf'].map(each => Buffer.from(`le="${each}"} `))
  const head = Buffer.from(`${name}_bucket{`)
  const sum = sampleWriter(`${name}_sum`)
  const total = sampleWriter(`${name}_count`)
  return (draft, inner, page, at, exemplars) => {
    const begin = draft.length
    draft.bytes(head)
    if (inner !== '') {
      draft.text(inner)
      draft.bytes(COMMA)
    }
    const end = draft.length
    let count = 0
    for (let b = 0; b < bounds.length; b++) {
      if (b > 0) draft.again(begin, end)
      draft.bytes(bounds[b]!)
      count += page[at + b]!
      endLine(draft, count, exemplars?.[b])
    }
    sum(draft, inner, page[at + bounds.length]!)
    total(draft, inner, count)
  }
}

/** Writes a line. */
type SampleWriter = (draft: Draft, inner: string, value: number, exemplar?: Exemplar) => void

function sampleWriter(name: string): SampleWriter {
  const head = Buffer.from(`${name}{`)
  const alone = Buffer.from(`${name} `)
  return (draft, inner, value, exemplar) => {
    if (inner === '') draft.bytes(alone)
    else {
      draft.bytes(head)
      draft.text(inner)
      draft.bytes(BRACE)
    }
    endLine(draft, value, exemplar)
  }
}

function endLine(draft: Draft, value: number, exemplar: Exemplar | undefined): void {
  draft.number(value)
  if (exemplar !== undefined) draft.text(exemplarText(exemplar))
  draft.bytes(LINE_BREAK)
}

const COMMA = Buffer.from(',')
const BRACE = Buffer.from('} ')
const LINE_BREAK = Buffer.from('\n')

function exemplarText(exemplar: Exemplar): string {
  const labels = exemplar.labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return ` # {${labels.join(',')}} ${numberText(exemplar.value)} ${exemplar.timestamp}`
}

function labelWriter(names: readonly string[]): Part['labelText'] {
  return values => names.map((name, i) => `${name}="${escapeLabel(values[i] ?? '')}"`).join(',')
}

function quantileLabelWriter(names: readonly string[], bound: Words['bound']): Part['labelText'] {
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
