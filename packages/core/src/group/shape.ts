import type { FamilyLine, SeriesLine } from '../store/catalog.ts'

/** How the herds of a group are combined into one set of families: with a label `instance`, or added up. */
export type Aggregate = 'instance' | 'sum'

/**
 * Converts the families of one member to those of the group. If members are added up, counters, histograms and
 * summaries lose their host; gauges merge over all workers of all hosts by their aggregation. If the aggregation keeps
 * the workers apart, the label `instance` is added, because workers of different hosts with the same number are
 * different.
 */
export class Shape {
  readonly #aggregate: Aggregate
  readonly #instance: string
  /** The indexes of the families with the additional label. */
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
    // Prometheus does the same if a target has a label with this name.
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
