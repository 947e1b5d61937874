import { IntList } from './int-list.ts'

/** Links each series of one family to one series of another; no two have the same target. */
export class SeriesLinks {
  readonly #targets = new IntList()
  /** By target: its origin plus one; 0 if it has none. */
  #origins = new Int32Array(16)

  /** The number of linked series: all ids below it are linked. */
  get length(): number {
    return this.#targets.length
  }

  /** Links the next series, whose id is `length`. */
  add(target: number): void {
    this.#targets.push(target)
    if (target >= this.#origins.length) {
      const larger = new Int32Array(Math.max(target + 1, this.#origins.length * 2))
      larger.set(this.#origins)
      this.#origins = larger
    }
    this.#origins[target] = this.#targets.length
  }

  targetOf(series: number): number {
    return this.#targets.items[series]!
  }

  originOf(target: number): number | undefined {
    const origin = this.#origins[target] ?? 0
    return origin === 0 ? undefined : origin - 1
  }
}
