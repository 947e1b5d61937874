/**
 * A set of series in blocks of 128: small enough to recompute a whole block if one series changed, and one step of
 * work.
 */
export class BlockSet {
  #blocks: Uint8Array = new Uint8Array(16)
  #some = false
  /** True if it contains every series, including future ones. */
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

  /** The number of blocks for `size` series. */
  countIn(size: number): number {
    return (size + BLOCK_SERIES - 1) >> BLOCK_BITS
  }

  /**
   * The blocks in the set, for `size` series: each with its number, its first series, and the series after its last.
   */
  *blocks(size: number): Generator<readonly [block: number, begin: number, end: number]> {
    if (this.isEmpty) return
    const count = this.countIn(size)
    for (let block = 0; block < count; block++) {
      if (!this.isAll && this.#blocks[block] !== 1) continue
      yield [block, block << BLOCK_BITS, Math.min((block + 1) << BLOCK_BITS, size)]
    }
  }

  /** The series in the set, of `size` series. */
  *series(size: number): Generator<number> {
    for (const [, begin, end] of this.blocks(size)) for (let series = begin; series < end; series++) yield series
  }
}

/** The number of series in a block, as a power of two. */
export const BLOCK_BITS = 7
export const BLOCK_SERIES: number = 2 ** BLOCK_BITS
