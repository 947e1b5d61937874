import type { Store } from '../store/store.ts'
import { FamilyCopy } from './family-copy.ts'
import type { PromLabels, PromReading, PromSample } from './registry.ts'
import { boundOf, type PromShape } from './shape.ts'

/** Series of one family that are copied before the rest shares one: these are the user's own, so it is generous. */
export const MAX_SERIES = 10_000

/** The copy of one metric of prom-client: its family, and for a summary that of its quantiles too. */
export class MetricCopy {
  readonly shape: PromShape
  readonly #numbers: FamilyCopy
  readonly #quantiles: FamilyCopy | undefined
  readonly #bounds = new Map<unknown, number>()
  readonly #addsUp: boolean

  /** @throws ERR_PROMHERD_FAMILY_CONFLICT where the store has something else of that name. */
  constructor(store: Store, shape: PromShape, maxSeries: number = MAX_SERIES) {
    this.shape = shape
    const { definition, quantiles, labelNames } = shape
    this.#addsUp = definition.type !== 'gauge' || definition.merge === 'sum'
    this.#numbers = new FamilyCopy(store.family(definition, maxSeries), labelNames)
    if (quantiles !== undefined) {
      this.#quantiles = new FamilyCopy(store.family(quantiles, maxSeries), [...labelNames, 'quantile'])
    }
    definition.buckets.forEach((bound, i) => {
      this.#bounds.set(bound, i)
    })
    this.#bounds.set(Number.POSITIVE_INFINITY, definition.buckets.length)
  }

  begin(): void {
    this.#numbers.begin()
    this.#quantiles?.begin()
  }

  /** Takes in what was read; can be called several times in a round. */
  take(reading: PromReading, defaults: PromLabels): void {
    const { type } = this.shape.definition
    if (type === 'histogram') this.#takeHistogram(reading, defaults)
    else if (type === 'summary') this.#takeSummary(reading, defaults)
    else for (const sample of reading.values) this.#takeSample(sample, defaults)
  }

  commit(): void {
    this.#numbers.commit()
    this.#quantiles?.commit()
  }

  #takeSample(sample: PromSample, defaults: PromLabels): void {
    const series = this.#numbers.seriesOf(sample, defaults, false)
    series.numbers[0] = series.again && this.#addsUp ? series.numbers[0]! + sample.value : sample.value
  }

  #takeHistogram({ name, values }: PromReading, defaults: PromLabels): void {
    const bucketName = `${name}_bucket`
    const sumName = `${name}_sum`
    for (const sample of values) {
      const at =
        sample.metricName === bucketName ? this.#bucketOf(sample) : sample.metricName === sumName ? -1 : undefined
      if (at === undefined) continue
      const { numbers } = this.#numbers.seriesOf(sample, defaults, true)
      const i = at === -1 ? numbers.length - 1 : at
      numbers[i] = numbers[i]! + sample.value
    }
  }

  #takeSummary({ name, values }: PromReading, defaults: PromLabels): void {
    const sumName = `${name}_sum`
    for (const sample of values) {
      if (sample.metricName === undefined || sample.metricName === name) this.#takeQuantile(sample, defaults)
      else {
        const { numbers } = this.#numbers.seriesOf(sample, defaults, true)
        const i = sample.metricName === sumName ? 0 : 1
        numbers[i] = numbers[i]! + sample.value
      }
    }
  }

  #takeQuantile(sample: PromSample, defaults: PromLabels): void {
    const series = this.#quantiles?.seriesOf(sample, defaults, false)
    if (series !== undefined) series.numbers[0] = sample.value
  }

  #bucketOf(sample: PromSample): number | undefined {
    const le = sample.labels?.['le']
    return this.#bounds.get(le) ?? this.#bounds.get(boundOf(le))
  }
}
