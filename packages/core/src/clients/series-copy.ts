import type { ExemplarNote } from '../store/exemplar-book.ts'
import type { Place } from '../store/family.ts'

/** The numbers of one metric for one series. */
export class Part {
  readonly series: SeriesCopy
  /** The label values as prom-client has them: numbers stay numbers. */
  readonly labels: readonly unknown[]
  /** The numbers of this round's samples; for a histogram cumulative counts, then the sum. */
  numbers: number[]
  /** The numbers before this round. */
  last: number[]
  /**
   * The part that the series had already counted when its metric was removed and registered again; undefined for none.
   */
  from: readonly number[] | undefined
  round = 0
  /** True if this round has already processed the series, under other labels that are the same to Prometheus. */
  again = false
  /** True if it is included in the series' total. */
  isCounted = false
  /** True from when numbers of this round were entered until they are compared with the previous ones. */
  isEntered = false
  /**
   * The object in which the metric keeps it, and the two numbers that show whether it has changed; undefined if
   * unknown.
   */
  kept: object | undefined
  stamp: unknown
  otherStamp: unknown
  /** True if several series of the metric are this one: then no object of the metric represents it alone. */
  isShared = false

  constructor(series: SeriesCopy, labels: readonly unknown[], width: number) {
    this.series = series
    this.labels = labels
    this.numbers = new Array<number>(width).fill(0)
    this.last = new Array<number>(width).fill(0)
  }

  /** True if the samples have not changed. */
  get stoodStill(): boolean {
    const { numbers, last } = this
    for (let i = 0; i < numbers.length; i++) if (!Object.is(numbers[i], last[i])) return false
    return this.isCounted
  }

  /** Makes the numbers of this round the current ones. */
  settle(): void {
    const { numbers } = this
    this.numbers = this.last
    this.last = numbers
  }
}

/**
 * One series in the store, and all sources of its numbers: metrics of several registries, and removed metrics.
 *
 * No count is lost: a part that is reset or removed leaves its counts behind.
 */
export class SeriesCopy {
  /** The label values in its catalog line. */
  readonly values: readonly string[]
  /** Undefined for the one that all series without slots of their own share. */
  readonly place: Place | undefined
  /** Its exemplars by bucket; undefined before the first. */
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

  /** The numbers of the source that was added last. */
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

  /** Keeps the counts of a part before it is reset or removed. */
  keep({ last, from }: Part): void {
    this.#left ??= new Array<number>(last.length).fill(0)
    for (let i = 0; i < last.length; i++) this.#left[i] = this.#left[i]! + last[i]! - (from?.[i] ?? 0)
  }

  /** The total of all sources, written to `sum` if there is more than one. */
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
