import { byteView } from './byte-view.ts'

/**
 * Tracks which numbers of a source may have changed since the last sum, in pages of 64 slots: about four histogram
 * series, or 64 counters. Most series do not change between two scrapes, and unchanged ones are not added up again.
 */
export class Changes {
  #pages: Uint8Array = new Uint8Array(16)
  /** False if no number has changed. */
  some = false

  /** Copies `fresh` into `known` from slot `at` on, and marks the pages with differences. */
  take(fresh: Float64Array, known: Float64Array, at: number): void {
    const news = byteView(fresh, 0, fresh.length)
    const old = byteView(known, at, at + fresh.length)
    // Compared as bytes, so that a NaN equals itself and one call is enough for most of the data, which is unchanged.
    if (news.equals(old)) return
    for (let begin = 0; begin < fresh.length; ) {
      const end = Math.min(fresh.length, (((at + begin) >> PAGE_BITS) + 1) * PAGE_SLOTS - at)
      if (news.compare(old, 8 * begin, 8 * end, 8 * begin, 8 * end) !== 0) this.mark(at + begin, at + end)
      begin = end
    }
    known.set(fresh, at)
  }

  /** Marks the slots from `begin` to before `end` as possibly changed. */
  mark(begin: number, end: number): void {
    if (begin >= end) return
    const last = (end - 1) >> PAGE_BITS
    if (last >= this.#pages.length) {
      const larger = new Uint8Array(Math.max(last + 1, this.#pages.length * 2))
      larger.set(this.#pages)
      this.#pages = larger
    }
    this.#pages.fill(1, begin >> PAGE_BITS, last + 1)
    this.some = true
  }

  /** True if one of the `width` slots from `slot` on may have changed. */
  has(slot: number, width: number): boolean {
    const last = (slot + width - 1) >> PAGE_BITS
    for (let page = slot >> PAGE_BITS; page <= last; page++) if (this.#pages[page] === 1) return true
    return false
  }

  /** Resets all marks, after the changes were processed. */
  clear(): void {
    this.#pages.fill(0)
    this.some = false
  }
}

const PAGE_BITS = 6
const PAGE_SLOTS = 2 ** PAGE_BITS
