import { FamilyFeed } from './family-feed.ts'
import { type KeptReading, type KeptSeries, summaryIn } from './kept.ts'
import type { MetricCopy } from './metric-copy.ts'
import type { Origin } from './origin.ts'
import type { PromLabels, PromReading, PromSample } from './registry.ts'
import type { Part } from './series-copy.ts'

/** Copies one metric of one registry into the copy for its name. */
export class MetricFeed {
  readonly copy: MetricCopy
  readonly origin: Origin
  /** The last round in which it copied anything. */
  round = 0
  /** True while its metric is registered. */
  isLiving = false
  readonly #numbers: FamilyFeed
  readonly #quantiles: FamilyFeed | undefined
  /** The bounds of a kept histogram, and the bucket of each. */
  #bounds: readonly number[] | undefined
  #buckets: readonly { readonly key: string; readonly index: number | undefined }[] = []

  constructor(copy: MetricCopy, origin: Origin) {
    this.copy = copy
    this.origin = origin
    this.#numbers = new FamilyFeed(copy.numbers)
    this.#quantiles = copy.quantiles && new FamilyFeed(copy.quantiles)
  }

  /** Copies the data that a metric keeps, except quantiles. Returns whether anything has changed. */
  takeKept({ values, bounds }: KeptReading, defaults: PromLabels): boolean {
    const numbers = this.#numbers
    const { type } = this.copy.shape.definition
    numbers.begin(defaults)
    for (const kept of values) {
      if (type === 'histogram') {
        const part = numbers.changedPart(kept, kept.sum, kept.count, defaults)
        if (part !== undefined) this.#enterHistogram(part, kept, bounds)
      } else if (type === 'summary') {
        const { sum, count } = summaryIn(kept)
        const part = numbers.changedPart(kept, sum, count, defaults)
        if (part !== undefined) add(part.numbers, sum, count)
      } else {
        const part = numbers.changedPart(kept, kept.value, kept.exemplar?.timestamp, defaults)
        if (part !== undefined) this.#enterOne(part, kept)
      }
    }
    return numbers.commit()
  }

  /** Copies an answer. Returns whether anything has changed. */
  take(reading: PromReading, defaults: PromLabels): boolean {
    const { type } = this.copy.shape.definition
    if (type === 'summary') return this.#takeSummary(reading, defaults)
    this.#numbers.begin(defaults)
    if (type === 'histogram') this.#takeHistogram(reading, defaults)
    else for (const sample of reading.values) this.#enterOne(this.#numbers.partOf(sample, defaults, false), sample)
    return this.#numbers.commit()
  }

  /** Copies the quantiles of an answer, and none of its counts. Returns whether anything has changed. */
  takeQuantiles(reading: PromReading, defaults: PromLabels): boolean {
    const quantiles = this.#quantiles
    if (quantiles === undefined) return false
    quantiles.begin(defaults)
    for (const sample of reading.values) {
      if (isQuantile(sample, reading)) quantiles.enter(quantiles.partOf(sample, defaults, false), sample.value)
    }
    return quantiles.commit()
  }

  /** The metric was removed: its counts stay. */
  leave(): void {
    this.#numbers.leave()
    this.#quantiles?.leave()
  }

  #enterOne(part: Part, { value, exemplar }: PromSample | KeptSeries): void {
    this.#numbers.enter(part, value as number)
    if (exemplar) this.copy.takeExemplar(part.series, 0, exemplar)
  }

  #enterHistogram({ numbers, series }: Part, kept: KeptSeries, bounds: readonly number[]): void {
    const { bucketValues, bucketExemplars } = kept
    const buckets = this.#bucketsOf(bounds)
    let count = 0
    for (const { key, index } of buckets) {
      count += bucketValues[key]!
      if (index === undefined) continue
      numbers[index] = numbers[index]! + count
      const exemplar = bucketExemplars?.[key]
      if (exemplar) this.copy.takeExemplar(series, index, exemplar)
    }
    const last = numbers.length - 1
    numbers[last - 1] = numbers[last - 1]! + kept.count
    numbers[last] = numbers[last]! + kept.sum
    const exemplar = bucketExemplars?.[BEYOND]
    if (exemplar) this.copy.takeExemplar(series, last - 1, exemplar)
  }

  /** The buckets in prom-client's order. Their keys are strings, since a number would be converted at each read. */
  #bucketsOf(bounds: readonly number[]): readonly { readonly key: string; readonly index: number | undefined }[] {
    if (bounds !== this.#bounds) {
      this.#bounds = bounds
      this.#buckets = bounds.map(bound => ({ key: String(bound), index: this.copy.bucketOf(bound) }))
    }
    return this.#buckets
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

  #takeSummary(reading: PromReading, defaults: PromLabels): boolean {
    const sumName = `${reading.name}_sum`
    this.#numbers.begin(defaults)
    for (const sample of reading.values) {
      if (isQuantile(sample, reading)) continue
      const { numbers } = this.#numbers.partOf(sample, defaults, true)
      if (sample.metricName === sumName) add(numbers, sample.value, 0)
      else add(numbers, 0, sample.value)
    }
    const hasChanged = this.#numbers.commit()
    return this.takeQuantiles(reading, defaults) || hasChanged
  }
}

/** The key under which prom-client keeps the exemplar of observations beyond the last bound. */
const BEYOND = '-1'

function isQuantile({ metricName }: PromSample, { name }: PromReading): boolean {
  return metricName === undefined || metricName === name
}

/** Adds up the numbers of a summary: several of prom-client's label sets may be the same to Prometheus. */
function add(numbers: number[], sum: number, count: number): void {
  numbers[0] = numbers[0]! + sum
  numbers[1] = numbers[1]! + count
}
