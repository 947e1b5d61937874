import type { Family, Snapshot } from '../snapshot/snapshot.ts'

/**
 * Prometheus text, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * The text between the name and the number, `{method="GET",le="0.1"} `, is made once for each series and kept by its
 * labels: the snapshot hands out the same label arrays each time.
 */
export const TEXT_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Encodes snapshots as text; keep one for as long as snapshots of the same source come. */
export class TextEncoder004 {
  readonly #labelTexts = new WeakMap<readonly string[], string>()

  /** The snapshot in pieces, a family each, made when they are asked for: whoever must not block pauses between them. */
  encode(snapshot: Snapshot): Iterable<string> {
    return this.#pieces(snapshot)
  }

  *#pieces(snapshot: Snapshot): Iterable<string> {
    for (const family of snapshot.families) yield this.#family(family)
  }

  #family(family: Family): string {
    const { name } = family
    const text = `# HELP ${name} ${escapeHelp(family.help)}\n# TYPE ${name} ${family.type}\n`
    if (family.type === 'histogram') return text + this.#histogram(family)
    if (family.type === 'summary') return text + this.#summary(family)
    return text + this.#plain(name, family.labelNames, family.labels, family.values)
  }

  #plain(name: string, names: readonly string[], labels: readonly (readonly string[])[], values: Float64Array): string {
    let text = ''
    for (let i = 0; i < labels.length; i++) {
      const inner = this.#labelText(names, labels[i]!)
      text += inner === '' ? `${name} ${number(values[i]!)}\n` : `${name}{${inner}} ${number(values[i]!)}\n`
    }
    return text
  }

  #histogram(family: Family): string {
    const { name, labelNames, labels, values, width } = family
    const bounds = [...family.buckets.map(number), '+Inf']
    let text = ''
    for (let i = 0; i < labels.length; i++) {
      const inner = this.#labelText(labelNames, labels[i]!)
      const before = inner === '' ? `${name}_bucket{le="` : `${name}_bucket{${inner},le="`
      const set = inner === '' ? ' ' : `{${inner}} `
      let count = 0
      for (let b = 0; b < bounds.length; b++) {
        count += values[i * width + b]!
        text += `${before}${bounds[b]}"} ${number(count)}\n`
      }
      text += `${name}_sum${set}${number(values[i * width + width - 1]!)}\n${name}_count${set}${number(count)}\n`
    }
    return text
  }

  #summary(family: Family): string {
    const { name, labelNames, labels, values, quantiles } = family
    let text = ''
    if (quantiles !== undefined) text += this.#plain(name, quantiles.labelNames, quantiles.labels, quantiles.values)
    for (let i = 0; i < labels.length; i++) {
      const inner = this.#labelText(labelNames, labels[i]!)
      const set = inner === '' ? ' ' : `{${inner}} `
      text += `${name}_sum${set}${number(values[2 * i]!)}\n${name}_count${set}${number(values[2 * i + 1]!)}\n`
    }
    return text
  }

  #labelText(names: readonly string[], values: readonly string[]): string {
    let text = this.#labelTexts.get(values)
    if (text === undefined) {
      text = names.map((name, i) => `${name}="${escapeLabel(values[i] ?? '')}"`).join(',')
      this.#labelTexts.set(values, text)
    }
    return text
  }
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
