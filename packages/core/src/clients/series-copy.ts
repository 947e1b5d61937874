import type { ExemplarNote } from '../store/exemplar-book.ts'
import type { Place } from '../store/family.ts'

/** What one metric says of one series. */
export class Part {
  readonly series: SeriesCopy
  /** The label values as prom-client has them: numbers stay numbers. */
  readonly labels: readonly unknown[]
  /** What the samples of this round say; of a histogram cumulative counts, then the sum. */
  numbers: number[]
  /** What they said before. */
  last: number[]
  /** What of it the series has counted before its metric went and came back; undefined for none. */
  from: readonly number[] | undefined
  round = 0
  /** True where this round has met the series before, by other labels that mean the same. */
  again = false
  /** True where the series adds it up. */
  isCounted = false
  /** True from when numbers of this round were entered until they are compared with those before. */
  isEntered = false
  /** What the metric keeps it in, and the two numbers that tell whether that has changed; unknown where undefined. */
  kept: object | undefined
  stamp: unknown
  otherStamp: unknown
  /** True where several series of the metric mean this one: then none of them stands for it alone. */
  isShared = false

  constructor(series: SeriesCopy, labels: readonly unknown[], width: number) {
    this.series = series
    this.labels = labels
    this.numbers = new Array<number>(width).fill(0)
    this.last = new Array<number>(width).fill(0)
  }

  /** True where the samples say what they said before. */
  get stoodStill(): boolean {
    const { numbers, last } = this
    for (let i = 0; i < numbers.length; i++) if (!Object.is(numbers[i], last[i])) return false
    return this.isCounted
  }

  /** Makes what was gathered what stands. */
  settle(): void {
    const { numbers } = this
    this.numbers = this.last
    this.last = numbers
  }
}

/**
 * One series in the store, and all that is told of it: by metrics of several registries, and by those that are gone.
 *
 * Of what is counted nothing is lost: a part that begins again, or goes, leaves behind what it had.
 */
export class SeriesCopy {
  /** The label values of its name in the catalog. */
  readonly values: readonly string[]
  /** Undefined for the one that all share which have no place of their own. */
  readonly place: Place | undefined
  /** Where its exemplars are, by bucket; undefined before the first. */
  exemplars: (ExemplarNote | undefined)[] | undefined
  readonly #parts: Part[] = []
  #left: number[] | undefined

  constructor(values: readonly string[], place: Place | undefined) {
    this.values = values
    this.place = place
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0
  }

  /** What the last of those who tell of it says. */
  get newest(): readonly number[] | undefined {
    return this.#parts.at(-1)?.last
  }

  count(part: Part): void {
    if (part.isCounted) return
    part.isCounted = true
    this.#parts.push(part)
  }

  discount(part: Part): void {
    const at = this.#parts.indexOf(part)
    if (at >= 0) this.#parts.splice(at, 1)
    part.isCounted = false
  }

  /** Keeps what a part has counted so far, before it begins again or goes. */
  keep({ last, from }: Part): void {
    this.#left ??= new Array<number>(last.length).fill(0)
    for (let i = 0; i < last.length; i++) this.#left[i] = this.#left[i]! + last[i]! - (from?.[i] ?? 0)
  }

  /** What all that is told of it adds up to, into `sum` where it is more than what one says. */
  total(sum: number[]): readonly number[] {
    const [only] = this.#parts
    if (only !== undefined && this.#parts.length === 1 && only.from === undefined && this.#left === undefined) {
      return only.last
    }
    for (let i = 0; i < sum.length; i++) sum[i] = this.#left?.[i] ?? 0
    for (const { last, from } of this.#parts) {
      for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + (last[i]! - (from?.[i] ?? 0))
    }
    return sum
  }
}
