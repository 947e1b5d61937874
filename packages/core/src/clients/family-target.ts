import { type Definition, widthOf } from '../definitions/definition.ts'
import { setAbsent } from '../store/absent.ts'
import type { ExemplarNote } from '../store/exemplar-book.ts'
import { keyOf, type Place, type StoreFamily } from '../store/family.ts'

/**
 * The family in a store that prom-client families are copied into: its series, and the one place where their numbers
 * are written.
 */
export class FamilyTarget {
  readonly family: StoreFamily
  /** prom-client's names of the labels; the family may use a different name for one. */
  readonly labelNames: readonly string[]
  /** The count of numbers for each series. */
  readonly width: number
  /** True for gauges and quantiles, whose numbers are useless once their series is removed. */
  readonly isTransient: boolean
  /** True if two samples of the same series are added up; otherwise the later one wins. */
  readonly addsUp: boolean
  readonly #series = new Map<string, SeriesTarget>()
  /** Collects the numbers of all series without slots of their own, in the overflow series. */
  readonly #overflow: SeriesTarget
  readonly #sum: number[]
  /** Gauges that may have no metric left that reports them. */
  readonly #abandoned = new Set<SeriesTarget>()
  #hasOverflowChanged = false

  constructor(family: StoreFamily, labelNames: readonly string[]) {
    const { definition } = family
    this.family = family
    this.labelNames = labelNames
    this.width = definition.type === 'gauge' ? 1 : widthOf(definition)
    this.isTransient = definition.type === 'gauge' || definition.type === 'quantiles'
    this.addsUp = !this.isTransient || (definition.type === 'gauge' && definition.aggregator === 'sum')
    this.#overflow = new SeriesTarget([], undefined)
    this.#sum = new Array<number>(this.width).fill(0)
    // An overflow series is a sum, which makes no sense for gauges, so theirs is never served.
    if (this.isTransient && labelNames.length > 0) setAbsent(family.storage.values, family.overflow)
  }

  get definition(): Definition {
    return this.family.definition
  }

  /** The series with these label values. If there is no room, counts that as dropped and returns the shared one. */
  seriesOf(values: readonly string[]): SeriesTarget {
    const key = keyOf(values)
    const known = this.#series.get(key)
    if (known !== undefined) return known
    const place = this.family.place(values) ?? (this.#reclaim() ? this.family.place(values) : undefined)
    if (place === undefined) {
      this.family.countDropped()
      return this.#overflow
    }
    const series = new SeriesTarget(values, place)
    this.#series.set(key, series)
    return series
  }

  /** Writes the numbers of the series at once: a reader must not see a partial update. */
  write(series: SeriesTarget): void {
    if (series.place !== undefined) this.#writeTo(series.place.slot, series)
    else this.#hasOverflowChanged = true
  }

  /** Notes that a series may have no metric left that reports it. */
  abandon(series: SeriesTarget): void {
    // Counts stay, so only gauges change.
    if (this.isTransient && series.place !== undefined) this.#abandoned.add(series)
  }

  /** Ends a round. Gauges that no metric reports are no longer served. */
  finish(): void {
    if (this.#abandoned.size > 0) this.#finishAbandoned()
    if (this.#hasOverflowChanged && !this.isTransient) this.#writeTo(this.family.overflow, this.#overflow)
    this.#hasOverflowChanged = false
  }

  #finishAbandoned(): void {
    for (const series of this.#abandoned) {
      if (!series.isEmpty) {
        this.#abandoned.delete(series)
        this.write(series)
      } else if (series.place !== undefined) setAbsent(this.family.storage.values, series.place.slot)
    }
  }

  /** Frees the slots of a gauge that is no longer served; returns false if there is none. */
  #reclaim(): boolean {
    for (const series of this.#abandoned) {
      this.#abandoned.delete(series)
      if (!series.isEmpty) continue
      this.#series.delete(keyOf(series.values))
      this.family.remove(series.values)
      return true
    }
    return false
  }

  #writeTo(slot: number, series: SeriesTarget): void {
    const { values } = this.family.storage
    const { type, aggregator } = this.definition
    const numbers = this.addsUp ? series.total(this.#sum) : (series.newest ?? this.#sum)
    if (aggregator === 'latest' && !Object.is(values[slot], numbers[0])) values[slot + 1] = Date.now() / 1000
    if (type === 'histogram') writeHistogram(numbers, values, slot)
    else for (let i = 0; i < numbers.length; i++) values[slot + i] = numbers[i]!
  }
}

/** prom-client's counts are cumulative, the store's are not. */
function writeHistogram(numbers: readonly number[], values: Float64Array, slot: number): void {
  const last = numbers.length - 1
  let before = 0
  for (let i = 0; i < last; i++) {
    values[slot + i] = numbers[i]! - before
    before = numbers[i]!
  }
  values[slot + last] = numbers[last]!
}

/** The numbers that one metric adds to a series. */
export interface Contribution {
  readonly last: readonly number[]
  /** The part of them that was counted before the metric was registered again; undefined for none. */
  readonly baseline: readonly number[] | undefined
  /** True if it is included in the series' total. */
  isCounted: boolean
}

/**
 * One series in the store, and all sources of its numbers: metrics of several registries, and removed metrics.
 *
 * No count is lost: the counts of a metric that is reset or removed are retained.
 */
export class SeriesTarget {
  /** The label values in its catalog line. */
  readonly values: readonly string[]
  /** Undefined for the one that all series without slots of their own share. */
  readonly place: Place | undefined
  /** Its exemplars by bucket; undefined before the first. */
  exemplars: (ExemplarNote | undefined)[] | undefined
  readonly #sources: Contribution[] = []
  #retained: number[] | undefined

  constructor(values: readonly string[], place: Place | undefined) {
    this.values = values
    this.place = place
  }

  get isEmpty(): boolean {
    return this.#sources.length === 0
  }

  /** The numbers of the source that was added last. */
  get newest(): readonly number[] | undefined {
    return this.#sources.at(-1)?.last
  }

  add(source: Contribution): void {
    if (source.isCounted) return
    source.isCounted = true
    this.#sources.push(source)
  }

  remove(source: Contribution): void {
    const at = this.#sources.indexOf(source)
    if (at >= 0) this.#sources.splice(at, 1)
    source.isCounted = false
  }

  /** Retains the counts of a source before it is reset or removed. */
  retain({ last, baseline }: Contribution): void {
    this.#retained ??= new Array<number>(last.length).fill(0)
    for (let i = 0; i < last.length; i++) this.#retained[i] = this.#retained[i]! + last[i]! - (baseline?.[i] ?? 0)
  }

  /** The total of all sources, written to `sum` if there is more than one. */
  total(sum: number[]): readonly number[] {
    const [only] = this.#sources
    if (only !== undefined && this.#sources.length === 1 && only.baseline === undefined && this.#retained === undefined)
      return only.last
    for (let i = 0; i < sum.length; i++) sum[i] = this.#retained?.[i] ?? 0
    for (const { last, baseline } of this.#sources) {
      for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + (last[i]! - (baseline?.[i] ?? 0))
    }
    return sum
  }
}
