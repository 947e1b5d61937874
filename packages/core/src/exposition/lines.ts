import type { Exemplars, Family } from '../snapshot/snapshot.ts'
import type { Exemplar } from '../store/exemplar.ts'
import type { Part, Writer } from './kept-part.ts'

/** The sample lines of a family, which the text formats have in common but for what `Words` says. */
export interface Words {
  /** How the bound of a bucket, or which quantile it is, reads. */
  readonly bound: (value: number) => string
  /** Whether exemplars are written. */
  readonly exemplars: boolean
}

/** What is written below the head of a family. A text is made with `join`, not `+=`: one flat string, not a tree. */
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
  return (inner, page, at, exemplars) => {
    const after = exemplars === undefined ? '' : exemplarText(exemplars[0])
    return `${name}${inSet(inner)}${number(page[at]!)}${after}\n`
  }
}

function summaryWriter(name: string): Writer {
  return (inner, page, at) => {
    const set = inSet(inner)
    return `${name}_sum${set}${number(page[at]!)}\n${name}_count${set}${number(page[at + 1]!)}\n`
  }
}

function histogramWriter(name: string, buckets: readonly number[], bound: Words['bound']): Writer {
  const bounds = [...buckets.map(bound), '+Inf'].map(each => `${each}"} `)
  // What stands before each bucket's own text is the separator; the empty first item puts it before the first too.
  const lines = ['', ...bounds]
  return (inner, page, at, exemplars) => {
    const before = inner === '' ? `${name}_bucket{le="` : `${name}_bucket{${inner},le="`
    const set = inSet(inner)
    let count = 0
    for (let b = 0; b < bounds.length; b++) {
      count += page[at + b]!
      lines[b + 1] = `${bounds[b]}${number(count)}\n`
    }
    if (exemplars !== undefined) addExemplars(lines, exemplars)
    const sum = number(page[at + bounds.length]!)
    lines[bounds.length] += `${name}_sum${set}${sum}\n${name}_count${set}${number(count)}\n`
    return lines.join(before)
  }
}

/** Puts exemplars at the ends of the lines of their buckets, of which the first stands at 1. */
function addExemplars(lines: string[], exemplars: Exemplars): void {
  for (const [bucket, exemplar] of exemplars.entries()) {
    if (exemplar !== undefined) lines[bucket + 1] = `${lines[bucket + 1]!.slice(0, -1)}${exemplarText(exemplar)}\n`
  }
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return ''
  const labels = exemplar.labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return ` # {${labels.join(',')}} ${number(exemplar.value)} ${exemplar.timestamp}`
}

function inSet(inner: string): string {
  return inner === '' ? ' ' : `{${inner}} `
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

/** A number as all formats read it. */
export function number(value: number): string {
  if (Number.isFinite(value)) return String(value)
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? '+Inf' : '-Inf'
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, char => (char === '\n' ? '\\n' : `\\${char}`))
}
