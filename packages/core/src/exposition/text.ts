import type { Family, Snapshot } from '../snapshot/snapshot.ts'

/**
 * Prometheus text, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * Hot: 10,000 histogram series are 20 MB of text. Between two scrapes most series stand still, so the text of each
 * is kept with the numbers that it shows, by its place in the family, and used again while both its labels (the
 * snapshot hands out the same arrays each time) and its numbers are the same. What is kept is the last snapshot: its
 * text once more, one copy of its numbers, and nothing of series or families that are gone.
 *
 * The work is done piece by piece as the caller asks for pieces, so that it can let others have the event loop in
 * between. A text is made with `join`, not `+=`: what is kept is then one flat string and not a tree of hundreds.
 * `npm run bench -- scale` measures all of it.
 */
export const TEXT_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** How many lines a piece has before it ends: about a millisecond of work when all of it is new. */
const PIECE_LINES = 2048

/** Encodes snapshots as text; keep one for as long as snapshots of the same source come. */
export class TextEncoder004 {
  #kept = new Map<string, KeptSeries>()

  /** The snapshot in pieces of bounded size, each made when it is asked for. A piece ends with a whole line. */
  encode(snapshot: Snapshot): Iterable<string> {
    return this.#pieces(snapshot)
  }

  *#pieces(snapshot: Snapshot): Generator<string> {
    const kept = new Map<string, KeptSeries>()
    let piece: string[] = []
    let lines = 0
    for (const family of snapshot.families) {
      piece.push(headOf(family))
      for (const part of partsOf(family)) {
        const series = this.#seriesOf(part)
        kept.set(part.key, series)
        for (let i = 0; i < part.labels.length; i++) {
          piece.push(series.text(i, part.labels[i]!, part.values))
          lines += part.lines
          if (lines < PIECE_LINES) continue
          yield piece.join('')
          piece = []
          lines = 0
        }
      }
    }
    this.#kept = kept
    if (piece.length > 0) yield piece.join('')
  }

  #seriesOf(part: Part): KeptSeries {
    const series = this.#kept.get(part.key) ?? new KeptSeries(part)
    series.resize(part.labels.length)
    return series
  }
}

/** Some series of a family that are written alike. */
interface Part {
  /** Two parts with the same key write the same labels and numbers as the same text. */
  readonly key: string
  readonly labelNames: readonly string[]
  readonly labels: readonly (readonly string[])[]
  readonly values: Float64Array
  /** How many numbers a series has, and how many lines it takes. */
  readonly width: number
  readonly lines: number
  readonly write: Writer
}

/** The text of the series whose labels read `inner` and whose numbers begin at `at`. */
type Writer = (inner: string, values: Float64Array, at: number) => string

/** The texts of one part as they were last written. */
class KeptSeries {
  readonly #labelNames: readonly string[]
  readonly #write: Writer
  readonly #width: number
  readonly #labels: (readonly string[])[] = []
  readonly #inner: string[] = []
  readonly #texts: string[] = []
  #numbers = new Float64Array(0)

  constructor({ labelNames, write, width }: Part) {
    this.#labelNames = labelNames
    this.#write = write
    this.#width = width
  }

  /** Makes room for `count` series, and forgets those after them. */
  resize(count: number): void {
    if (count < this.#texts.length) {
      for (const kept of [this.#labels, this.#inner, this.#texts]) kept.length = count
    }
    if (count * this.#width <= this.#numbers.length) return
    const larger = new Float64Array(count * this.#width)
    larger.set(this.#numbers)
    this.#numbers = larger
  }

  /** The text of the series at `i`, made anew where it would be another than last time. */
  text(i: number, labels: readonly string[], values: Float64Array): string {
    const at = i * this.#width
    const known = this.#labels[i] === labels
    if (known && this.#stoodStill(at, values)) return this.#texts[i]!
    if (!known) {
      this.#labels[i] = labels
      this.#inner[i] = labelText(this.#labelNames, labels)
    }
    for (let slot = at; slot < at + this.#width; slot++) this.#numbers[slot] = values[slot]!
    const text = this.#write(this.#inner[i]!, values, at)
    this.#texts[i] = text
    return text
  }

  #stoodStill(at: number, values: Float64Array): boolean {
    const numbers = this.#numbers
    for (let slot = at; slot < at + this.#width; slot++) if (numbers[slot] !== values[slot]) return false
    return true
  }
}

function headOf({ name, type, help }: Family): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`
}

function partsOf(family: Family): Part[] {
  const { name, type, labelNames, labels, values, width, buckets, quantiles } = family
  const key = JSON.stringify([name, type, labelNames, buckets])
  const own = { key, labelNames, labels, values, width }
  if (type === 'histogram') return [{ ...own, lines: buckets.length + 3, write: histogramWriter(name, buckets) }]
  if (type !== 'summary') return [{ ...own, lines: 1, write: plainWriter(name) }]
  const parts: Part[] = [{ ...own, lines: 2, write: summaryWriter(name) }]
  if (quantiles === undefined) return parts
  const quantilesKey = JSON.stringify([name, 'quantiles', quantiles.labelNames])
  return [{ ...quantiles, key: quantilesKey, width: 1, lines: 1, write: plainWriter(name) }, ...parts]
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

function labelText(names: readonly string[], values: readonly string[]): string {
  return names.map((name, i) => `${name}="${escapeLabel(values[i] ?? '')}"`).join(',')
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
