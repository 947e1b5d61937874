import type { Aggregator, Definition } from '../definitions/definition.ts'
import type { PromLabels, PromReading } from './registry.ts'
import type { FieldReading } from './synchronous-reader.ts'

/** What a prom-client metric is in a store. */
export interface PromShape {
  readonly definition: Definition
  /** prom-client's names of the labels, in the order of `definition.labels`, which may use a different name for one. */
  readonly labelNames: readonly string[]
  /** Summaries only: the family of their quantiles, whose last label is `quantile`. */
  readonly quantiles?: Definition
}

/**
 * prom-client's aggregators that are also promherd's. `omit` leaves a gauge out in prom-client; here the value of every
 * worker is served, which loses nothing.
 */
const SHARED_AGGREGATORS: ReadonlySet<string> = new Set(['sum', 'max', 'min', 'average', 'first'])

/** A reading, with the labels of its metric and its registry. */
export interface LabelledReading {
  readonly name: string
  readonly reading: PromReading | FieldReading
  /** Undefined if only samples show which labels there are. */
  readonly labelNames: readonly unknown[] | undefined
  readonly defaults: PromLabels
}

/** The shape of a metric; undefined if its type is none of the four. */
export function shapeOf(given: LabelledReading): PromShape | undefined {
  const { name, reading } = given
  const { type } = reading
  if (type !== 'counter' && type !== 'gauge' && type !== 'histogram' && type !== 'summary') return undefined
  const labelNames = labelNamesOf(given)
  const aggregator =
    type === 'gauge' ? aggregatorOf(reading.aggregator) : reading.aggregator === 'omit' ? 'worker' : 'sum'
  const help = reading.help
  const buckets = type === 'histogram' ? boundsOf(reading) : []
  const labels = aggregator === 'worker' ? withoutWorker(labelNames) : labelNames
  const definition: Definition = { name, type, help, labels, buckets, aggregator }
  if (type !== 'summary') return { definition, labelNames }
  const apart = [...withoutWorker(labelNames), 'quantile']
  const quantiles: Definition = { name, type: 'quantiles', help, labels: apart, buckets: [], aggregator: 'worker' }
  return { definition, labelNames, quantiles }
}

/** The upper bound of a label `le`. */
export function boundOf(le: unknown): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
}

function aggregatorOf(aggregator = 'sum'): Aggregator {
  if (aggregator === 'omit') return 'worker'
  return SHARED_AGGREGATORS.has(aggregator) ? (aggregator as Aggregator) : 'sum'
}

/** The declared names in their order, then other names from the samples or the registry. */
function labelNamesOf({ reading, labelNames, defaults }: LabelledReading): readonly string[] {
  const names = new Set((labelNames ?? []).map(String))
  const more = new Set(Object.keys(defaults))
  if (labelNames === undefined) {
    for (const sample of reading.values) {
      for (const name of Object.keys({ ...('sharedLabels' in sample && sample.sharedLabels), ...sample.labels })) {
        more.add(name)
      }
    }
  }
  if (reading.type === 'histogram') more.delete('le')
  if (reading.type === 'summary') more.delete('quantile')
  for (const name of [...more].sort()) names.add(name)
  return [...names]
}

/** A user's label with a name that promherd uses gets the prefix that Prometheus itself adds in this case. */
function withoutWorker(names: readonly string[]): readonly string[] {
  return names.map(name => {
    let other = name === 'worker' ? 'exported_worker' : name
    while (other !== name && names.includes(other)) other = `exported_${other}`
    return other
  })
}

function boundsOf(reading: PromReading | FieldReading): readonly number[] {
  const bounds = 'bounds' in reading ? reading.bounds : boundsIn(reading)
  return [...new Set(bounds)].filter(Number.isFinite).sort((a, b) => a - b)
}

function boundsIn({ name, values }: PromReading): readonly number[] {
  return values.filter(({ metricName }) => metricName === `${name}_bucket`).map(({ labels }) => boundOf(labels?.['le']))
}
