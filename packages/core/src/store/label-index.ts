/**
 * Finds the series of a family by their label values.
 *
 * A store may have tens of thousands of series with few distinct values: a string for each series would be most of its
 * memory. So this index maps each value of a label to a small integer id, stores a series as a row of such ids in one
 * array, and finds it by a hash of them (`npm run bench -- memory`). Ids are reused after the last series with the
 * value is removed.
 */
export class LabelIndex {
  readonly #labels: readonly ValueNumbers[]
  /** For each row: the slot, the next row with the same hash, the ids of the values. */
  #rows: Int32Array
  readonly #width: number
  /** The first row of each hash; the length is a power of two. */
  #heads: Int32Array = new Int32Array(8).fill(NONE)
  /** The maximum number of rows in use at any time so far: rows above it are unused. */
  #used = 0
  #size = 0
  /** The first row in the list of free rows, which removed series have left. */
  #free: number = NONE
  readonly #numbers: Int32Array

  /** For series with `labels` labels. */
  constructor(labels: number) {
    this.#labels = Array.from({ length: labels }, () => new ValueNumbers())
    this.#width = FIELDS + labels
    this.#rows = new Int32Array(8 * this.#width)
    this.#numbers = new Int32Array(labels)
  }

  /** The number of series. */
  get size(): number {
    return this.#size
  }

  /** The row of the series with these values; `NONE` if there is none. */
  find(values: readonly string[]): number {
    const numbers = this.#numbers
    for (let i = 0; i < numbers.length; i++) {
      const number = this.#labels[i]!.find(values[i]!)
      if (number === undefined) return NONE
      numbers[i] = number
    }
    let row = this.#heads[this.#hash(numbers, 0)]!
    while (row !== NONE && !this.#has(row, numbers)) row = this.#rows[row * this.#width + NEXT]!
    return row
  }

  /** The slot of the series in this row. */
  slotAt(row: number): number {
    return this.#rows[row * this.#width + SLOT]!
  }

  /** Adds a series that is not in the index yet, and returns its row. */
  add(values: readonly string[], slot: number): number {
    if (this.#size >= this.#heads.length) this.#rehash()
    const row = this.#freeRow()
    const at = row * this.#width
    this.#rows[at + SLOT] = slot
    for (const [i, label] of this.#labels.entries()) this.#rows[at + FIELDS + i] = label.use(values[i]!)
    this.#link(row)
    this.#size++
    return row
  }

  /** Removes the series in this row; the row can then be reused. */
  remove(row: number): void {
    const at = row * this.#width
    const head = this.#hash(this.#rows, at + FIELDS)
    if (this.#heads[head] === row) this.#heads[head] = this.#rows[at + NEXT]!
    else {
      let before = this.#heads[head]!
      while (this.#rows[before * this.#width + NEXT] !== row) before = this.#rows[before * this.#width + NEXT]!
      this.#rows[before * this.#width + NEXT] = this.#rows[at + NEXT]!
    }
    for (const [i, label] of this.#labels.entries()) label.leave(this.#rows[at + FIELDS + i]!)
    this.#rows[at + SLOT] = NONE
    this.#rows[at + NEXT] = this.#free
    this.#free = row
    this.#size--
  }

  /** The rows of all series. The current row may be removed during the iteration. */
  *rows(): Iterable<number> {
    for (let row = 0; row < this.#used; row++) if (this.slotAt(row) !== NONE) yield row
  }

  #has(row: number, numbers: Int32Array): boolean {
    const at = row * this.#width + FIELDS
    for (let i = 0; i < numbers.length; i++) if (this.#rows[at + i] !== numbers[i]) return false
    return true
  }

  #hash(numbers: Int32Array, from: number): number {
    let hash = 0
    for (let i = from; i < from + this.#width - FIELDS; i++) {
      hash = Math.imul(hash ^ numbers[i]!, 0x9e37_79b1)
      hash ^= hash >>> 15
    }
    return hash & (this.#heads.length - 1)
  }

  #link(row: number): void {
    const at = row * this.#width
    const head = this.#hash(this.#rows, at + FIELDS)
    this.#rows[at + NEXT] = this.#heads[head]!
    this.#heads[head] = row
  }

  #freeRow(): number {
    const row = this.#free
    if (row !== NONE) {
      this.#free = this.#rows[row * this.#width + NEXT]!
      return row
    }
    if ((this.#used + 1) * this.#width > this.#rows.length) {
      // Grow by an eighth: in a large store, half of the array unused would cost noticeable memory; an occasional copy
      // does not.
      const larger = new Int32Array((this.#used + Math.max(8, this.#used >> 3)) * this.#width)
      larger.set(this.#rows)
      this.#rows = larger
    }
    return this.#used++
  }

  #rehash(): void {
    this.#heads = new Int32Array(this.#heads.length * 2).fill(NONE)
    for (const row of this.rows()) this.#link(row)
  }
}

/** No row, and no slot. */
export const NONE = -1

const SLOT = 0
const NEXT = 1
const FIELDS = 2

/** The ids of one label's values, each kept as long as a series uses it. */
class ValueNumbers {
  readonly #numbers = new Map<string, number>()
  readonly #values: string[] = []
  readonly #uses: number[] = []
  readonly #free: number[] = []

  find(value: string): number | undefined {
    return this.#numbers.get(value)
  }

  use(value: string): number {
    const known = this.#numbers.get(value)
    const number = known ?? this.#free.pop() ?? this.#values.length
    if (known === undefined) {
      this.#numbers.set(value, number)
      this.#values[number] = value
      this.#uses[number] = 0
    }
    this.#uses[number] = this.#uses[number]! + 1
    return number
  }

  leave(number: number): void {
    this.#uses[number] = this.#uses[number]! - 1
    if (this.#uses[number]! > 0) return
    this.#numbers.delete(this.#values[number]!)
    this.#values[number] = ''
    this.#free.push(number)
  }
}
