/** Series by blocks of 128: small enough to be made anew for one that has changed, and one step of the work. */
export class BlockSet {
  #blocks: Uint8Array = new Uint8Array(16)
  #some = false
  /** True where it has every series, those that will come among them. */
  isAll = true

  addAll(): void {
    this.isAll = true
  }

  /** Adds the block of a series. */
  add(series: number): void {
    const block = series >> BLOCK_BITS
    if (block >= this.#blocks.length) {
      const larger = new Uint8Array(Math.max(block + 1, this.#blocks.length * 2))
      larger.set(this.#blocks)
      this.#blocks = larger
    }
    this.#blocks[block] = 1
    this.#some = true
  }

  get isEmpty(): boolean {
    return !this.isAll && !this.#some
  }

  clear(): void {
    this.isAll = false
    if (this.#some) this.#blocks.fill(0)
    this.#some = false
  }

  /** How many blocks `size` series have. */
  countIn(size: number): number {
    return (size + BLOCK_SERIES - 1) >> BLOCK_BITS
  }

  /** The blocks it has of so many series: the number of each, its first series, and the one after its last. */
  *blocks(size: number): Generator<readonly [block: number, begin: number, end: number]> {
    if (this.isEmpty) return
    const count = this.countIn(size)
    for (let block = 0; block < count; block++) {
      if (!this.isAll && this.#blocks[block] !== 1) continue
      yield [block, block << BLOCK_BITS, Math.min((block + 1) << BLOCK_BITS, size)]
    }
  }

  /** The series it has of so many. */
  *series(size: number): Generator<number> {
    for (const [, begin, end] of this.blocks(size)) for (let series = begin; series < end; series++) yield series
  }
}

/** Series in a block, as a power of two. */
export const BLOCK_BITS = 7
export const BLOCK_SERIES: number = 2 ** BLOCK_BITS
