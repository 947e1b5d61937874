import { FamilyFeed } from './family-feed.ts'
import type { MetricCopy } from './metric-copy.ts'
import type { Origin } from './origin.ts'
import type { PromLabels, PromReading, PromSample } from './registry.ts'

/** What one metric of one registry brings into the copy of its name. */
export class MetricFeed {
  readonly copy: MetricCopy
  readonly origin: Origin
  readonly registry: object
  /** The round in which it last brought something in. */
  round = 0
  /** True while its metric is registered. */
  isLiving = false
  readonly #numbers: FamilyFeed
  readonly #quantiles: FamilyFeed | undefined

  constructor(copy: MetricCopy, origin: Origin, registry: object) {
    this.copy = copy
    this.origin = origin
    this.registry = registry
    this.#numbers = new FamilyFeed(copy.numbers)
    this.#quantiles = copy.quantiles && new FamilyFeed(copy.quantiles)
  }

  /** Brings in what was read. */
  take(reading: PromReading, defaults: PromLabels): void {
    this.#numbers.begin()
    this.#quantiles?.begin()
    const { type } = this.copy.shape.definition
    if (type === 'histogram') this.#takeHistogram(reading, defaults)
    else if (type === 'summary') this.#takeSummary(reading, defaults)
    else for (const sample of reading.values) this.#takeOne(sample, defaults)
    this.#numbers.commit()
    this.#quantiles?.commit()
  }

  /** The metric is gone: what it has counted stays. */
  leave(): void {
    this.#numbers.leave()
    this.#quantiles?.leave()
  }

  #takeOne(sample: PromSample, defaults: PromLabels): void {
    const { series } = this.#numbers.takeOne(sample, defaults)
    if (sample.exemplar) this.copy.takeExemplar(series, 0, sample.exemplar)
  }

  #takeHistogram({ name, values }: PromReading, defaults: PromLabels): void {
    const bucketName = `${name}_bucket`
    const sumName = `${name}_sum`
    for (const sample of values) {
      const { metricName } = sample
      const isBucket = metricName === bucketName
      if (!isBucket && metricName !== sumName) continue
      const bucket = isBucket ? this.copy.bucketOf(sample.labels?.['le']) : undefined
      if (isBucket && bucket === undefined) continue
      const { numbers, series } = this.#numbers.partOf(sample, defaults, true)
      const i = bucket ?? numbers.length - 1
      numbers[i] = numbers[i]! + sample.value
      if (sample.exemplar && bucket !== undefined) this.copy.takeExemplar(series, bucket, sample.exemplar)
    }
  }

  #takeSummary({ name, values }: PromReading, defaults: PromLabels): void {
    const sumName = `${name}_sum`
    for (const sample of values) {
      if (sample.metricName === undefined || sample.metricName === name) this.#quantiles?.takeOne(sample, defaults)
      else {
        const { numbers } = this.#numbers.partOf(sample, defaults, true)
        const i = sample.metricName === sumName ? 0 : 1
        numbers[i] = numbers[i]! + sample.value
      }
    }
  }
}
