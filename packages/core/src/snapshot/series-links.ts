import { IntList } from './int-list.ts'

/** Which series of one family goes to which of another: each to one, and none where another goes. */
export class SeriesLinks {
  readonly #targets = new IntList()
  /** By the number of the target: one more than that of its origin; 0 where it has none. */
  #origins = new Int32Array(16)

  /** How many series are linked: the numbers below that. */
  get length(): number {
    return this.#targets.length
  }

  /** Links the next series, whose number is `length`. */
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
