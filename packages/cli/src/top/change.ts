import { quantile } from './quantile.ts'
import type { Sample, Samples } from './samples.ts'

/**
 * The changes between two moments. A metric that does not exist has no rate: undefined, and not 0. A series that did
 * not exist before began at 0, and one that fell has been reset.
 */
export class Change {
  readonly seconds: number
  readonly #after: Samples
  readonly #before: Samples

  constructor(before: Samples, after: Samples) {
    this.seconds = after.at - before.at
    this.#before = before
    this.#after = after
  }

  /** The increase of the counter, over all series that have these labels. */
  increase(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const after = select(this.#after, name, labels)
    if (after.length === 0) return undefined
    const before = this.#valuesBefore(name)
    return after.reduce((sum, sample) => sum + risen(before.get(keyOf(sample)) ?? 0, sample.value), 0)
  }

  perSecond(name: string, labels?: Readonly<Record<string, string>>): number | undefined {
    const increase = this.increase(name, labels)
    return increase === undefined ? undefined : increase / this.seconds
  }

  /** A quantile of the observations of a histogram in this time; undefined if there are none. */
  quantile(q: number, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const before = this.#valuesBefore(`${name}_bucket`)
    const counts = new Map<number, number>()
    for (const sample of select(this.#after, `${name}_bucket`, labels)) {
      const le = sample.labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(sample.labels['le'])
      counts.set(le, (counts.get(le) ?? 0) + risen(before.get(keyOf(sample)) ?? 0, sample.value))
    }
    return quantile(q, [...counts])
  }

  #known = new Map<string, ReadonlyMap<string, number>>()

  #valuesBefore(name: string): ReadonlyMap<string, number> {
    const known = this.#known.get(name) ?? new Map(this.#before.named(name).map(each => [keyOf(each), each.value]))
    this.#known.set(name, known)
    return known
  }
}

/** The sum of a metric over the series that have these labels; undefined if there is none. */
export function sum(samples: Samples, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const found = select(samples, name, labels)
  return found.length === 0 ? undefined : found.reduce((total, { value }) => total + value, 0)
}

export function select(samples: Samples, name: string, labels: Readonly<Record<string, string>>): readonly Sample[] {
  const wanted = Object.entries(labels)
  return samples.named(name).filter(sample => wanted.every(([label, value]) => sample.labels[label] === value))
}

function risen(before: number, after: number): number {
  return after >= before ? after - before : after
}

function keyOf({ labels }: Sample): string {
  return JSON.stringify(labels)
}
