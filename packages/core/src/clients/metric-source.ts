import { FamilySource, type SeriesSource } from './family-source.ts'
import type { MetricTarget } from './metric-target.ts'
import type { PromLabels, PromReading, PromSample } from './registry.ts'
import { type FieldReading, type SeriesFields, summaryFieldsOf } from './synchronous-reader.ts'

/** One metric of one registry, which is copied into the target of its name. */
export class MetricSource {
  readonly target: MetricTarget
  /** The last round in which it copied anything. */
  round = 0
  isRegistered = false
  readonly #numbers: FamilySource
  readonly #quantiles: FamilySource | undefined
  /** The bounds of a histogram that is read from its fields, and the bucket of each. */
  #bounds: readonly number[] | undefined
  #buckets: readonly { readonly key: string; readonly index: number | undefined }[] = []

  constructor(target: MetricTarget) {
    this.target = target
    this.#numbers = new FamilySource(target.numbers)
    this.#quantiles = target.quantiles && new FamilySource(target.quantiles)
  }

  /** Copies the fields of a metric, which have no quantiles. Returns whether anything has changed. */
  copyFields({ values, bounds }: FieldReading, defaults: PromLabels): boolean {
    const numbers = this.#numbers
    const { type } = this.target.shape.definition
    numbers.begin(defaults)
    for (const fields of values) {
      if (type === 'histogram') {
        const series = numbers.changedSeries(fields, fields.sum, fields.count, defaults)
        if (series !== undefined) this.#enterHistogram(series, fields, bounds)
      } else if (type === 'summary') {
        const { sum, count } = summaryFieldsOf(fields)
        const series = numbers.changedSeries(fields, sum, count, defaults)
        if (series !== undefined) add(series.numbers, sum, count)
      } else {
        const series = numbers.changedSeries(fields, fields.value, fields.exemplar?.timestamp, defaults)
        if (series !== undefined) this.#enterOne(series, fields)
      }
    }
    return numbers.commit()
  }

  /** Copies a reading. Returns whether anything has changed. */
  copyReading(reading: PromReading, defaults: PromLabels): boolean {
    const { type } = this.target.shape.definition
    if (type === 'summary') return this.#copySummary(reading, defaults)
    this.#numbers.begin(defaults)
    if (type === 'histogram') this.#enterBuckets(reading, defaults)
    else for (const sample of reading.values) this.#enterOne(this.#numbers.seriesOf(sample, defaults, false), sample)
    return this.#numbers.commit()
  }

  /** Copies the quantiles of a reading, and none of its counts. Returns whether anything has changed. */
  copyQuantiles(reading: PromReading, defaults: PromLabels): boolean {
    const quantiles = this.#quantiles
    if (quantiles === undefined) return false
    quantiles.begin(defaults)
    for (const sample of reading.values) {
      if (isQuantile(sample, reading)) quantiles.enter(quantiles.seriesOf(sample, defaults, false), sample.value)
    }
    return quantiles.commit()
  }

  /** The metric was removed from its registry: its counts stay. */
  remove(): void {
    this.#numbers.remove()
    this.#quantiles?.remove()
  }

  #enterOne(series: SeriesSource, { value, exemplar }: PromSample | SeriesFields): void {
    this.#numbers.enter(series, value as number)
    if (exemplar) this.target.copyExemplar(series.target, 0, exemplar)
  }

  #enterHistogram({ numbers, target }: SeriesSource, fields: SeriesFields, bounds: readonly number[]): void {
    const { bucketValues, bucketExemplars } = fields
    const buckets = this.#bucketsOf(bounds)
    let count = 0
    for (const { key, index } of buckets) {
      count += bucketValues[key]!
      if (index === undefined) continue
      numbers[index] = numbers[index]! + count
      const exemplar = bucketExemplars?.[key]
      if (exemplar) this.target.copyExemplar(target, index, exemplar)
    }
    const last = numbers.length - 1
    numbers[last - 1] = numbers[last - 1]! + fields.count
    numbers[last] = numbers[last]! + fields.sum
    const exemplar = bucketExemplars?.[BEYOND]
    if (exemplar) this.target.copyExemplar(target, last - 1, exemplar)
  }

  /** The buckets in prom-client's order. Their keys are strings, since a number would be converted at each read. */
  #bucketsOf(bounds: readonly number[]): readonly { readonly key: string; readonly index: number | undefined }[] {
    if (bounds !== this.#bounds) {
      this.#bounds = bounds
      this.#buckets = bounds.map(bound => ({ key: String(bound), index: this.target.bucketOf(bound) }))
    }
    return this.#buckets
  }

  #enterBuckets({ name, values }: PromReading, defaults: PromLabels): void {
    const bucketName = `${name}_bucket`
    const sumName = `${name}_sum`
    for (const sample of values) {
      const { metricName } = sample
      const isBucket = metricName === bucketName
      if (!isBucket && metricName !== sumName) continue
      const bucket = isBucket ? this.target.bucketOf(sample.labels?.['le']) : undefined
      if (isBucket && bucket === undefined) continue
      const { numbers, target } = this.#numbers.seriesOf(sample, defaults, true)
      const i = bucket ?? numbers.length - 1
      numbers[i] = numbers[i]! + sample.value
      if (sample.exemplar && bucket !== undefined) this.target.copyExemplar(target, bucket, sample.exemplar)
    }
  }

  #copySummary(reading: PromReading, defaults: PromLabels): boolean {
    const sumName = `${reading.name}_sum`
    this.#numbers.begin(defaults)
    for (const sample of reading.values) {
      if (isQuantile(sample, reading)) continue
      const { numbers } = this.#numbers.seriesOf(sample, defaults, true)
      if (sample.metricName === sumName) add(numbers, sample.value, 0)
      else add(numbers, 0, sample.value)
    }
    const hasChanged = this.#numbers.commit()
    return this.copyQuantiles(reading, defaults) || hasChanged
  }
}

/** prom-client's key for the exemplar of observations beyond the last bound. */
const BEYOND = '-1'

function isQuantile({ metricName }: PromSample, { name }: PromReading): boolean {
  return metricName === undefined || metricName === name
}

/** Adds up the numbers of a summary: several of prom-client's label sets may be the same to Prometheus. */
function add(numbers: number[], sum: number, count: number): void {
  numbers[0] = numbers[0]! + sum
  numbers[1] = numbers[1]! + count
}
