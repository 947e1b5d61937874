import { byteView } from './byte-view.ts'

/**
 * Which of a source's numbers may be others than they were at the last sum, by pages of 64 slots: some four histogram
 * series, or 64 counters. Between two scrapes most series stand still, and what stood still is not added up again.
 */
export class Changes {
  #pages: Uint8Array = new Uint8Array(16)
  /** False where no number has changed. */
  some = false

  /** Brings `fresh` into `known` from slot `at` on, and marks the pages in which anything is new. */
  take(fresh: Float64Array, known: Float64Array, at: number): void {
    const news = byteView(fresh, 0, fresh.length)
    const old = byteView(known, at, at + fresh.length)
    // Compared as bytes: a NaN stays what it is, and most of what is read is told to be the same by one call.
    if (news.equals(old)) return
    for (let begin = 0; begin < fresh.length; ) {
      const end = Math.min(fresh.length, (((at + begin) >> PAGE_BITS) + 1) * PAGE_SLOTS - at)
      if (news.compare(old, 8 * begin, 8 * end, 8 * begin, 8 * end) !== 0) this.mark(at + begin, at + end)
      begin = end
    }
    known.set(fresh, at)
  }

  /** The slots from `begin` to before `end` may have changed. */
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

  /** True where one of the `width` slots from `slot` on may have changed. */
  has(slot: number, width: number): boolean {
    const last = (slot + width - 1) >> PAGE_BITS
    for (let page = slot >> PAGE_BITS; page <= last; page++) if (this.#pages[page] === 1) return true
    return false
  }

  /** All that has changed was taken into account. */
  clear(): void {
    this.#pages.fill(0)
    this.some = false
  }
}

const PAGE_BITS = 6
const PAGE_SLOTS = 2 ** PAGE_BITS
