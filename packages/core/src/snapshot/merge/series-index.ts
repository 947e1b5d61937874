import { IntList } from './int-list.ts'

/**
 * The series of a family: maps each label set to a small integer id; ids are reused after the last reference is
 * released.
 *
 * Hot path of a herd's first scrape, which brings all series: objects created for a series live long, and each garbage
 * collection has to move them. So there is one string per series, in the form in which a catalog writes its values:
 * most lines are found by a substring of themselves, and no new objects are created.
 */
export class SeriesIndex {
  /** The label values by id. */
  readonly labels: (readonly string[])[] = []
  /** True if ids are also stored elsewhere: then each id belongs to its series permanently. */
  isKept: boolean
  readonly #byText = new Map<string, number>()
  readonly #overflow = new Set<number>()
  /** The number of columns that use each series, and the ids without any column. */
  readonly #users = new IntList()
  readonly #free: number[] = []

  constructor(isKept: boolean) {
    this.isKept = isKept
  }

  /** The number of ids, including free ones. */
  get size(): number {
    return this.labels.length
  }

  /** The id of the series with these label values, created at the first use. */
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

  /** The id of the series with these label values, given as JSON, if it exists. */
  find(text: string): number | undefined {
    return this.#byText.get(text)
  }

  /** True for a family's overflow series. */
  isOverflow(series: number): boolean {
    return this.#overflow.has(series)
  }

  /** Adds one column that uses the series. */
  retain(series: number): void {
    this.#users.items[series] = this.#users.items[series]! + 1
  }

  /** Removes one column that uses the series. Returns true if it was the last: the id is then free. */
  release(series: number): boolean {
    const users = this.#users.items[series]! - 1
    this.#users.items[series] = users
    if (users > 0 || this.isKept) return false
    this.#byText.delete(textOf(this.labels[series]!))
    this.labels[series] = []
    this.#overflow.delete(series)
    this.#free.push(series)
    return true
  }

  #another(): number {
    this.#users.push(0)
    return this.labels.length
  }
}

/** Label values as JSON, as a catalog writes them. */
export function textOf(labels: readonly string[]): string {
  return JSON.stringify(labels)
}
