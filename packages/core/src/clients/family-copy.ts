import { setAbsent } from '../store/absent.ts'
import { type Definition, widthOf } from '../store/catalog.ts'
import { keyOf, type StoreFamily } from '../store/family.ts'
import { SeriesCopy } from './series-copy.ts'

/** The copy of one family of prom-client in a store: what its series are, and how their numbers are written. */
export class FamilyCopy {
  readonly family: StoreFamily
  /** prom-client's names of the labels; the family may call one otherwise. */
  readonly labelNames: readonly string[]
  /** How many numbers a series has. */
  readonly width: number
  /** True for numbers that are of no use once their series is gone. */
  readonly isOfTheMoment: boolean
  readonly #addsUp: boolean
  readonly #series = new Map<string, SeriesCopy>()
  /** What has no place of its own adds up in the overflow series. */
  readonly #rest: SeriesCopy
  readonly #sum: number[]
  /** Gauges of which nobody says anything any more. */
  readonly #empty = new Set<SeriesCopy>()
  #restChanged = false

  constructor(family: StoreFamily, labelNames: readonly string[]) {
    const { definition } = family
    this.family = family
    this.labelNames = labelNames
    this.width = definition.type === 'gauge' ? 1 : widthOf(definition)
    this.isOfTheMoment = definition.type === 'gauge' || definition.type === 'quantiles'
    this.#addsUp = !this.isOfTheMoment || (definition.type === 'gauge' && definition.merge === 'sum')
    this.#rest = new SeriesCopy([], undefined)
    this.#sum = new Array<number>(this.width).fill(0)
    // An overflow series adds up; of gauges that would be nonsense, so theirs is never shown.
    if (this.isOfTheMoment && labelNames.length > 0) setAbsent(family.slab.values, family.overflow)
  }

  get definition(): Definition {
    return this.family.definition
  }

  /** True where two samples of the same series are added up; else the later one stands. */
  get addsUp(): boolean {
    return this.#addsUp
  }

  /** The series with these label values; the one that all share, counted as dropped, where there is no room. */
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

  /** Writes what is told of the series, once: a reader must not see one half done. */
  write(series: SeriesCopy): void {
    if (series.place !== undefined) this.#writeTo(series.place.slot, series)
    else this.#restChanged = true
  }

  /** Notes that a series may have nobody left who tells of it. */
  abandon(series: SeriesCopy): void {
    // What was counted stays, so only gauges change.
    if (this.isOfTheMoment && series.place !== undefined) this.#empty.add(series)
  }

  /** Ends a round. Gauges of which nobody says anything are shown no more. */
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
      } else if (series.place !== undefined) setAbsent(this.family.slab.values, series.place.slot)
    }
  }

  /** Gives the place of a gauge that is shown no more to another; false where there is none. */
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
    const { values } = this.family.slab
    const { type, merge } = this.definition
    const numbers = this.#addsUp ? series.total(this.#sum) : (series.newest ?? this.#sum)
    if (merge === 'latest' && !Object.is(values[slot], numbers[0])) values[slot + 1] = Date.now() / 1000
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
