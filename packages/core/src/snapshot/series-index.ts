import { IntList } from './int-list.ts'

/**
 * The series of a family: each set of label values has a small number, which is another's once nobody has the series.
 *
 * Hot on a herd's first scrape, which brings all of them: what is made for a series lives long, and each collection
 * has to move it. So there is one text for each, which is how a catalog writes its values: most lines are found by a
 * piece of their own text, and nothing is made of them.
 */
export class SeriesIndex {
  /** The label values by number. */
  readonly labels: (readonly string[])[] = []
  /** True where others keep the numbers, too: then each stays with its series for ever. */
  isKept: boolean
  readonly #byText = new Map<string, number>()
  readonly #overflow = new Set<number>()
  /** How many columns have each series, and the numbers of those that none has. */
  readonly #holders = new IntList()
  readonly #free: number[] = []

  constructor(isKept: boolean) {
    this.isKept = isKept
  }

  /** How many numbers there are, the free ones among them. */
  get size(): number {
    return this.labels.length
  }

  /** The number of the series with these label values, made at its first use. */
  numberOf(labels: readonly string[], overflow: boolean): number {
    const text = textOf(labels)
    const known = this.#byText.get(text)
    if (known !== undefined) return known
    const series = this.#free.pop() ?? this.#another()
    this.labels[series] = labels
    this.#byText.set(text, series)
    if (overflow) this.#overflow.add(series)
    return series
  }

  /** The number of the series whose label values read so as JSON, if somebody has it. */
  find(text: string): number | undefined {
    return this.#byText.get(text)
  }

  /** True for the series that takes what a full family cannot. */
  isOverflow(series: number): boolean {
    return this.#overflow.has(series)
  }

  /** One more column has the series. */
  hold(series: number): void {
    this.#holders.items[series] = this.#holders.items[series]! + 1
  }

  /** One column less has the series. Answers true where it was the last: then the number is free. */
  letGo(series: number): boolean {
    const holders = this.#holders.items[series]! - 1
    this.#holders.items[series] = holders
    if (holders > 0 || this.isKept) return false
    this.#byText.delete(textOf(this.labels[series]!))
    this.labels[series] = []
    this.#overflow.delete(series)
    this.#free.push(series)
    return true
  }

  #another(): number {
    this.#holders.push(0)
    return this.labels.length
  }
}

/** The text of label values, as a catalog writes them. */
export function textOf(labels: readonly string[]): string {
  return JSON.stringify(labels)
}
