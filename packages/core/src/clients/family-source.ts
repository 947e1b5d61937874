import { keyOf, wellFormed } from '../store/family.ts'
import type { Contribution, FamilyTarget, SeriesTarget } from './family-target.ts'
import type { PromLabels, PromSample } from './registry.ts'
import type { SeriesFields } from './synchronous-reader.ts'

/** The numbers of one metric for one series. */
export class SeriesSource implements Contribution {
  readonly target: SeriesTarget
  /** The label values as prom-client has them: numbers stay numbers. */
  readonly labels: readonly unknown[]
  /** The numbers of this round's samples; for a histogram cumulative counts, then the sum. */
  numbers: number[]
  /** The numbers before this round. */
  last: number[]
  /** The part that the target had already counted when the metric was removed and registered again. */
  baseline: readonly number[] | undefined
  round = 0
  /** True if this round has already processed the series, under other labels that are the same to Prometheus. */
  isRepeated = false
  isCounted = false
  /** True from when numbers of this round were entered until they are compared with the previous ones. */
  isEntered = false
  /** The object in which the metric counts it, and two of its numbers that show changes; undefined if unknown. */
  fields: object | undefined
  stamp: unknown
  otherStamp: unknown
  /** True if several series of the metric are this one: then no object of the metric represents it alone. */
  isShared = false

  constructor(target: SeriesTarget, labels: readonly unknown[], width: number) {
    this.target = target
    this.labels = labels
    this.numbers = new Array<number>(width).fill(0)
    this.last = new Array<number>(width).fill(0)
  }

  /** True if the samples have not changed. */
  get isUnchanged(): boolean {
    const { numbers, last } = this
    for (let i = 0; i < numbers.length; i++) if (!Object.is(numbers[i], last[i])) return false
    return this.isCounted
  }

  /** Makes the numbers of this round the current ones. */
  advance(): void {
    const { numbers } = this
    this.numbers = this.last
    this.last = numbers
  }
}

/**
 * The samples of one metric, which are copied into the target of its family in each round.
 *
 * Hot path: samples come in the same order in each round, so each series is first searched at its previous position,
 * which takes one comparison per label and creates no key; unchanged series are not written again.
 */
export class FamilySource {
  readonly #target: FamilyTarget
  readonly #series = new Map<string, SeriesSource>()
  /** In the order of the samples: those of this round, then the rest of the previous round. */
  readonly #order: SeriesSource[] = []
  /** The number of them that belong to this round. */
  #position = 0
  #round = 0
  /** True if numbers were entered in this round, or if the metric was removed since the last one. */
  #isEntered = false
  #wasRemoved = false
  #defaults: PromLabels = {}
  /** False in a round in which the registry's default labels have changed. */
  #hasSameDefaults = true

  constructor(target: FamilyTarget) {
    this.#target = target
  }

  begin(defaults: PromLabels): void {
    this.#position = 0
    this.#round++
    this.#isEntered = this.#wasRemoved
    this.#wasRemoved = false
    this.#hasSameDefaults = isSameLabels(defaults, this.#defaults)
    if (!this.#hasSameDefaults) this.#defaults = { ...defaults }
  }

  /**
   * The series that a metric counts in `fields`, ready to receive its numbers; undefined if two of its numbers show
   * that none has changed. A series that is counted in the same object has the same labels.
   */
  changedSeries(
    fields: SeriesFields,
    stamp: unknown,
    otherStamp: unknown,
    defaults: PromLabels,
  ): SeriesSource | undefined {
    const guess = this.#position < this.#order.length ? this.#order[this.#position] : undefined
    const isKnown = guess !== undefined && guess.fields === fields && this.#hasSameDefaults
    if (isKnown && guess.isCounted && Object.is(guess.stamp, stamp) && Object.is(guess.otherStamp, otherStamp)) {
      this.#position++
      guess.round = this.#round
      return undefined
    }
    const series = isKnown ? this.#next(guess) : this.seriesOf(fields, defaults, false)
    series.fields = series.isShared ? undefined : fields
    series.stamp = stamp
    series.otherStamp = otherStamp
    return series
  }

  /** The series of `sample`. If `isContinued`, it is probably that of the previous sample. */
  seriesOf(sample: Labelled, defaults: PromLabels, isContinued: boolean): SeriesSource {
    const current = isContinued && this.#position > 0 ? this.#order[this.#position - 1] : undefined
    if (current !== undefined && this.#matches(current, sample, defaults)) return current
    const guess = this.#position < this.#order.length ? this.#order[this.#position] : undefined
    const series = guess !== undefined && this.#matches(guess, sample, defaults) ? guess : this.#find(sample, defaults)
    if (series !== guess) this.#order[this.#position] = series
    return this.#next(series)
  }

  /** Enters the number of a series that has only one. */
  enter({ numbers, isRepeated }: SeriesSource, value: number): void {
    // Several of prom-client's label sets may be the same to Prometheus.
    numbers[0] = isRepeated && this.#target.addsUp ? numbers[0]! + value : value
  }

  /**
   * Writes the numbers of the round to the target. The counts of removed series are retained. Returns whether anything
   * has changed.
   */
  commit(): boolean {
    if (!this.#isEntered && this.#position === this.#order.length) return false
    this.#order.length = this.#position
    let hasChanged = false
    for (const [key, series] of this.#series) {
      if (series.round !== this.#round) {
        this.#series.delete(key)
        this.#detach(series)
        hasChanged = true
      } else if (series.isEntered) {
        series.isEntered = false
        if (series.isUnchanged) continue
        this.#update(series)
        hasChanged = true
      }
    }
    return hasChanged
  }

  /**
   * Removes everything: the metric is no longer registered. It may be registered again, and then continues from here.
   */
  remove(): void {
    for (const series of this.#series.values()) {
      this.#detach(series)
      series.baseline = [...series.last]
    }
    if (this.#target.isTransient) this.#series.clear()
    this.#order.length = 0
    this.#wasRemoved = true
  }

  #next(series: SeriesSource): SeriesSource {
    this.#position++
    this.#isEntered = true
    if (series.round === this.#round) {
      series.isRepeated = true
      series.isShared = true
      return series
    }
    series.round = this.#round
    series.isRepeated = false
    series.isEntered = true
    series.numbers.fill(0)
    return series
  }

  #update(series: SeriesSource): void {
    const { target } = series
    if (!this.#target.isTransient && hasDecreased(series, this.#target.definition.type)) {
      target.retain(series)
      series.baseline = undefined
    }
    series.advance()
    target.add(series)
    this.#target.write(target)
  }

  #detach(series: SeriesSource): void {
    if (!series.isCounted) return
    if (!this.#target.isTransient) series.target.retain(series)
    series.target.remove(series)
    this.#target.abandon(series.target)
  }

  #matches(series: SeriesSource, { labels, sharedLabels }: Labelled, defaults: PromLabels): boolean {
    const names = this.#target.labelNames
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!
      if (series.labels[i] !== labelOf(name, labels, sharedLabels, defaults)) return false
    }
    return true
  }

  #find({ labels, sharedLabels }: Labelled, defaults: PromLabels): SeriesSource {
    const raw = this.#target.labelNames.map(name => labelOf(name, labels, sharedLabels, defaults))
    const values = raw.map(value => wellFormed(String(value ?? '')))
    const key = keyOf(values)
    let series = this.#series.get(key)
    if (series === undefined) {
      series = new SeriesSource(this.#target.seriesOf(values), raw, this.#target.width)
      this.#series.set(key, series)
    }
    return series
  }
}

type Labelled = Pick<PromSample, 'labels' | 'sharedLabels'>

function isSameLabels(a: PromLabels, b: PromLabels): boolean {
  for (const name in a) if (a[name] !== b[name]) return false
  for (const name in b) if (!(name in a)) return false
  return true
}

/**
 * The value of a label, undefined if it is missing. An explicit null or undefined becomes a string, as in prom-client.
 */
function labelOf(
  name: string,
  labels: PromLabels | undefined,
  sharedLabels: PromLabels | undefined,
  defaults: PromLabels,
): unknown {
  const value = labels?.[name] ?? sharedLabels?.[name]
  // A function may be an inherited method with the same name as the label.
  if (value != null && typeof value !== 'function') return value
  for (const holder of [labels, sharedLabels, defaults]) {
    if (holder !== undefined && Object.hasOwn(holder, name)) return String(holder[name])
  }
  return undefined
}

/**
 * True if counts have decreased: the user has reset them, which Prometheus assumes too. A sum alone may decrease by
 * negative observations, but it cannot change without any observation.
 */
function hasDecreased({ numbers, last }: SeriesSource, type: string): boolean {
  if (type === 'counter') return numbers[0]! < last[0]!
  const isSummary = type === 'summary'
  const sum = isSummary ? 0 : numbers.length - 1
  const total = isSummary ? 1 : numbers.length - 2
  for (let i = 0; i < numbers.length; i++) if (i !== sum && numbers[i]! < last[i]!) return true
  return numbers[total] === last[total] && !Object.is(numbers[sum], last[sum])
}
