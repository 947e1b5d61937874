import { type Definition, widthOf } from '../definitions/definition.ts'
import { setAbsent } from '../store/absent.ts'
import { keyOf, type StoreFamily } from '../store/family.ts'
import { SeriesCopy } from './series-copy.ts'

/** The copy of one prom-client family in a store: its series, and how their numbers are written. */
export class FamilyCopy {
  readonly family: StoreFamily
  /** prom-client's names of the labels; the family may use a different name for one. */
  readonly labelNames: readonly string[]
  /** The count of numbers for each series. */
  readonly width: number
  /** True for numbers that are useless once their series is removed. */
  readonly isOfTheMoment: boolean
  readonly #addsUp: boolean
  readonly #series = new Map<string, SeriesCopy>()
  /** Collects the numbers of all series without slots of their own, in the overflow series. */
  readonly #rest: SeriesCopy
  readonly #sum: number[]
  /** Gauges that no metric reports any more. */
  readonly #empty = new Set<SeriesCopy>()
  #restChanged = false

  constructor(family: StoreFamily, labelNames: readonly string[]) {
    const { definition } = family
    this.family = family
    this.labelNames = labelNames
    this.width = definition.type === 'gauge' ? 1 : widthOf(definition)
    this.isOfTheMoment = definition.type === 'gauge' || definition.type === 'quantiles'
    this.#addsUp = !this.isOfTheMoment || (definition.type === 'gauge' && definition.aggregator === 'sum')
    this.#rest = new SeriesCopy([], undefined)
    this.#sum = new Array<number>(this.width).fill(0)
    // An overflow series is a sum, which makes no sense for gauges, so theirs is never served.
    if (this.isOfTheMoment && labelNames.length > 0) setAbsent(family.storage.values, family.overflow)
  }

  get definition(): Definition {
    return this.family.definition
  }

  /** True if two samples of the same series are added up; otherwise the later one wins. */
  get addsUp(): boolean {
    return this.#addsUp
  }

  /** The series with these label values. If there is no room, counts that as dropped and returns the shared one. */
  seriesOf(values: readonly string[]): SeriesCopy {
    const key = keyOf(values)
    const known = this.#series.get(key)
    if (known !== undefined) return known
    const place = this.family.place(values) ?? (this.#reclaim() ? this.family.place(values) : undefined)
    if (place === undefined) {
      this.family.countDropped()
      return this.#rest
    }
    const series = new SeriesCopy(values, place)
    this.#series.set(key, series)
    return series
  }

  /** Writes the numbers of the series at once: a reader must not see a partial update. */
  write(series: SeriesCopy): void {
    if (series.place !== undefined) this.#writeTo(series.place.slot, series)
    else this.#restChanged = true
  }

  /** Notes that a series may have no metric left that reports it. */
  abandon(series: SeriesCopy): void {
    // Counts stay, so only gauges change.
    if (this.isOfTheMoment && series.place !== undefined) this.#empty.add(series)
  }

  /** Ends a round. Gauges that no metric reports are no longer served. */
  finish(): void {
    if (this.#empty.size > 0) this.#finishEmpty()
    if (this.#restChanged && !this.isOfTheMoment) this.#writeTo(this.family.overflow, this.#rest)
    this.#restChanged = false
  }

  #finishEmpty(): void {
    for (const series of this.#empty) {
      if (!series.isEmpty) {
        this.#empty.delete(series)
        this.write(series)
      } else if (series.place !== undefined) setAbsent(this.family.storage.values, series.place.slot)
    }
  }

  /** Frees the slots of a gauge that is no longer served; returns false if there is none. */
  #reclaim(): boolean {
    for (const series of this.#empty) {
      this.#empty.delete(series)
      if (!series.isEmpty) continue
      this.#series.delete(keyOf(series.values))
      this.family.remove(series.values)
      return true
    }
    return false
  }

  #writeTo(slot: number, series: SeriesCopy): void {
    const { values } = this.family.storage
    const { type, aggregator } = this.definition
    const numbers = this.#addsUp ? series.total(this.#sum) : (series.newest ?? this.#sum)
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
