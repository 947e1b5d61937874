import type { FamilyLine, SeriesLine } from '../store/catalog.ts'

/** How the herds of a group become one set of families: with a label `instance`, or added up. */
export type Aggregate = 'instance' | 'sum'

/**
 * What the families of one member are in the group. Added up, counters, histograms and summaries lose their host; gauges
 * merge over all workers of all hosts as their aggregation says. Where that keeps the workers apart, a worker of one host
 * is no worker of another, so the label `instance` is added.
 */
export class Shape {
  readonly #aggregate: Aggregate
  readonly #instance: string
  /** The families that have the label, by their index. */
  readonly #apart = new Set<number>()

  constructor(aggregate: Aggregate, instance: string) {
    this.#aggregate = aggregate
    this.#instance = instance
  }

  family(line: FamilyLine): FamilyLine {
    const { merge, type } = line
    const isOfWorkers = merge === 'worker' && !COUNTED.has(type)
    const isApart = this.#aggregate === 'instance' || isOfWorkers
    const merged = merge === 'worker' ? { ...line, merge: 'sum' as const } : line
    if (!isApart) return merged
    this.#apart.add(line.index)
    // As Prometheus does where a target has a label of this name.
    const labels = line.labels.map(name => (name === INSTANCE ? `exported_${INSTANCE}` : name))
    return { ...merged, labels: [...labels, INSTANCE] }
  }

  series(line: SeriesLine): SeriesLine {
    return this.isApart(line.family) ? { ...line, values: [...line.values, this.#instance] } : line
  }

  isApart(family: number): boolean {
    return this.#apart.has(family)
  }
}

const INSTANCE = 'instance'
const COUNTED: ReadonlySet<FamilyLine['type']> = new Set(['counter', 'histogram', 'summary'])
