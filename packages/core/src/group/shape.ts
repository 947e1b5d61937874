import type { FamilyLine, SeriesLine } from '../store/catalog.ts'

/** How the herds of a group are combined into one set of families: with a label `instance`, or added up. */
export type Aggregate = 'instance' | 'sum'

/**
 * Converts the families of one member to those of the group. If members are added up, counters, histograms and
 * summaries lose their host; gauges are combined over all workers of all hosts by their aggregator. If the aggregation keeps
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
    const { aggregator, type } = line
    const isOfWorkers = aggregator === 'worker' && !COUNTED.has(type)
    const isApart = this.#aggregate === 'instance' || isOfWorkers
    const merged = aggregator === 'worker' ? { ...line, aggregator: 'sum' as const } : line
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
