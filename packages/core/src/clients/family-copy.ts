import { setAbsent } from '../store/absent.ts'
import { type Definition, widthOf } from '../store/catalog.ts'
import { keyOf, type StoreFamily } from '../store/family.ts'
import type { PromLabels, PromSample } from './registry.ts'

/**
 * The copy of one family of prom-client in a store.
 *
 * A round gathers what the samples say, then writes each number once: a reader of the store must not see one half
 * done. Samples come in the same order from one round to the next, so each series is first looked for where it stood
 * before, which takes a comparison for each label and makes no key.
 */
export class FamilyCopy {
  readonly #family: StoreFamily
  readonly #labelNames: readonly string[]
  readonly #width: number
  readonly #isGauge: boolean
  readonly #series = new Map<string, Series>()
  #before: Series[] = []
  #now: Series[] = []
  #round = 0

  /** `labelNames` are prom-client's; the family may call one otherwise. */
  constructor(family: StoreFamily, labelNames: readonly string[]) {
    this.#family = family
    this.#labelNames = labelNames
    this.#width = widthOf(family.definition)
    this.#isGauge = isOfTheMoment(family.definition)
    // An overflow series adds up; of gauges that would be nonsense, so theirs is never shown.
    if (this.#isGauge && labelNames.length > 0) setAbsent(family.slab.values, family.overflow)
  }

  begin(): void {
    this.#before = this.#now
    this.#now = []
    this.#round++
  }

  /** The series that `sample` is of. Where `goesOn` is true, it is probably that of the sample before. */
  seriesOf(sample: PromSample, defaults: PromLabels, goesOn: boolean): Series {
    const current = goesOn ? this.#now.at(-1) : undefined
    if (current !== undefined && this.#isOf(current, sample, defaults)) return current
    const guess = this.#before[this.#now.length]
    const series = guess !== undefined && this.#isOf(guess, sample, defaults) ? guess : this.#lookUp(sample, defaults)
    this.#now.push(series)
    if (series.round !== this.#round) {
      series.round = this.#round
      series.again = false
      series.numbers.fill(0)
    } else series.again = true
    return series
  }

  /** Writes what the round has gathered. Counts of series that are gone stay, gauges of such go. */
  commit(): void {
    const { values } = this.#family.slab
    const overflowed = new Array<number>(this.#width).fill(0)
    for (const series of this.#series.values()) {
      if (series.round !== this.#round) this.#leave(series)
      else if (series.overflows) addTo(overflowed, series.numbers)
      else this.#write(series, values)
    }
    if (!this.#isGauge && this.#labelNames.length > 0) values.set(overflowed, this.#family.overflow)
  }

  #write(series: Series, values: Float64Array): void {
    const { numbers, slot } = series
    if (this.#family.definition.merge === 'latest' && !Object.is(values[slot], numbers[0])) {
      values[slot + 1] = Date.now() / 1000
    }
    if (this.#family.definition.type === 'histogram') writeHistogram(numbers, values, slot)
    else for (let i = 0; i < numbers.length && i < this.#width; i++) values[slot + i] = numbers[i]!
    series.present = true
  }

  #leave(series: Series): void {
    if (series.overflows) this.#series.delete(series.key)
    else if (this.#isGauge && series.present) setAbsent(this.#family.slab.values, series.slot)
    series.present = false
  }

  #isOf(series: Series, { labels, sharedLabels }: PromSample, defaults: PromLabels): boolean {
    const names = this.#labelNames
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!
      if (series.labels[i] !== (labels?.[name] ?? sharedLabels?.[name] ?? defaults[name])) return false
    }
    return true
  }

  #lookUp({ labels, sharedLabels }: PromSample, defaults: PromLabels): Series {
    const raw = this.#labelNames.map(name => labels?.[name] ?? sharedLabels?.[name] ?? defaults[name])
    // A label that is called as some method of every object is not there, however it looks.
    const values = raw.map(value => (typeof value === 'function' ? '' : String(value ?? '')))
    const key = keyOf(values)
    let series = this.#series.get(key)
    if (series === undefined) {
      const slot = this.#family.slot(values)
      const overflows = values.length > 0 && slot === this.#family.overflow
      const numbers = new Array<number>(this.#width).fill(0)
      series = { key, labels: raw, slot, overflows, numbers, round: 0, again: false, present: false }
      this.#series.set(key, series)
    }
    return series
  }
}

/** One series, and what this round knows of it. */
export interface Series {
  readonly key: string
  /** As prom-client has them: numbers stay numbers. */
  readonly labels: readonly unknown[]
  readonly slot: number
  readonly overflows: boolean
  /** What the samples said: of a histogram cumulative counts, then the sum. */
  readonly numbers: number[]
  round: number
  /** True where this round has met the series before, by other labels that mean the same or in another registry. */
  again: boolean
  present: boolean
}

/** True for numbers that are of no use once their series is gone. */
function isOfTheMoment({ type }: Definition): boolean {
  return type === 'gauge' || type === 'quantiles'
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

function addTo(sum: number[], numbers: readonly number[]): void {
  for (let i = 0; i < numbers.length; i++) sum[i] = sum[i]! + numbers[i]!
}
