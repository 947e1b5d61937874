import type { Family, Snapshot } from '../snapshot/snapshot.ts'
import { KeptPart, type Part, type Writer } from './kept-part.ts'

/**
 * Prometheus text, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * Hot: 10,000 histogram series are 20 MB of text. Between two scrapes most series stand still, so the bytes of each
 * are kept and sent again while its labels (the snapshot hands out the same arrays each time) and its numbers are the
 * same. What is kept is the last text, one copy of its numbers, and nothing of series or families that are gone.
 *
 * The work is done piece by piece as the caller asks for pieces, so that it can let others have the event loop in
 * between. A text is made with `join`, not `+=`: that is one flat string and not a tree of hundreds.
 * `npm run bench -- scale` measures all of it.
 */
export const TEXT_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Encodes snapshots as text; keep one for as long as snapshots of the same source come. */
export class TextEncoder004 {
  #kept = new Map<string, KeptPart>()

  /**
   * The snapshot in pieces of bounded size, each made when it is asked for. A piece ends with a whole line. Nobody may
   * write into one: it is the same in the next encoding where nothing in it has changed.
   */
  encode(snapshot: Snapshot): Iterable<Buffer> {
    return gathered(this.#blocks(snapshot))
  }

  *#blocks(snapshot: Snapshot): Generator<Buffer> {
    const kept = new Map<string, KeptPart>()
    for (const family of snapshot.families) {
      yield Buffer.from(headOf(family))
      for (const part of partsOf(family)) {
        const own = this.#kept.get(part.key) ?? new KeptPart(part)
        kept.set(part.key, own)
        yield* own.encode(part)
      }
    }
    this.#kept = kept
  }
}

/** Puts small buffers together, since each piece is sent by itself; a large one stays the object that it is. */
function* gathered(buffers: Iterable<Buffer>): Generator<Buffer> {
  let small: Buffer[] = []
  let length = 0
  for (const buffer of buffers) {
    if (buffer.length < SMALL_BYTES) {
      small.push(buffer)
      length += buffer.length
      if (length < PIECE_BYTES) continue
    }
    if (length > 0) yield Buffer.concat(small, length)
    if (buffer.length >= SMALL_BYTES) yield buffer
    small = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(small, length)
}

const SMALL_BYTES = 2 ** 14
const PIECE_BYTES = 2 ** 16

function headOf({ name, type, help }: Family): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`
}

function partsOf(family: Family): Part[] {
  const { name, type, labelNames, labels, values, width, buckets, quantiles } = family
  const key = JSON.stringify([name, type, labelNames, buckets])
  const own = { key, labels, values, width, labelText: labelWriter(labelNames) }
  if (type === 'histogram') return [{ ...own, lines: buckets.length + 3, write: histogramWriter(name, buckets) }]
  if (type !== 'summary') return [{ ...own, lines: 1, write: plainWriter(name) }]
  const parts: Part[] = [{ ...own, lines: 2, write: summaryWriter(name) }]
  if (quantiles === undefined) return parts
  const shown = {
    key: JSON.stringify([name, 'quantiles', quantiles.labelNames]),
    labels: quantiles.labels,
    values: quantiles.values,
    labelText: labelWriter(quantiles.labelNames),
  }
  return [{ ...shown, width: 1, lines: 1, write: plainWriter(name) }, ...parts]
}

function plainWriter(name: string): Writer {
  return (inner, values, at) => `${name}${inSet(inner)}${number(values[at]!)}\n`
}

function summaryWriter(name: string): Writer {
  return (inner, values, at) => {
    const set = inSet(inner)
    return `${name}_sum${set}${number(values[at]!)}\n${name}_count${set}${number(values[at + 1]!)}\n`
  }
}

function histogramWriter(name: string, buckets: readonly number[]): Writer {
  const bounds = [...buckets.map(number), '+Inf'].map(bound => `${bound}"} `)
  // What stands before each bucket's own text is the separator; the empty first item puts it before the first too.
  const lines = ['', ...bounds]
  return (inner, values, at) => {
    const before = inner === '' ? `${name}_bucket{le="` : `${name}_bucket{${inner},le="`
    const set = inSet(inner)
    let count = 0
    for (let b = 0; b < bounds.length; b++) {
      count += values[at + b]!
      lines[b + 1] = `${bounds[b]}${number(count)}\n`
    }
    const sum = number(values[at + bounds.length]!)
    lines[bounds.length] += `${name}_sum${set}${sum}\n${name}_count${set}${number(count)}\n`
    return lines.join(before)
  }
}

function inSet(inner: string): string {
  return inner === '' ? ' ' : `{${inner}} `
}

function labelWriter(names: readonly string[]): Part['labelText'] {
  return values => names.map((name, i) => `${name}="${escapeLabel(values[i] ?? '')}"`).join(',')
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value)
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? '+Inf' : '-Inf'
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, char => (char === '\n' ? '\\n' : `\\${char}`))
}

function escapeHelp(help: string): string {
  return help.replace(/[\\\n]/g, char => (char === '\n' ? '\\n' : '\\\\'))
}
