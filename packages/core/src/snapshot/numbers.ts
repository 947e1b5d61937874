/**
 * The numbers of a family's series: `width` for each, in the order of the series, in pages.
 *
 * A page is never written to after it was returned. If none of its numbers has changed, it is the same object in the
 * next snapshot: copying all numbers because a few changed would create a megabyte of garbage for each scrape of 10,000
 * histograms.
 */
export class Numbers {
  /** The count of numbers for each series. */
  readonly width: number
  /** Every page holds the same number of series; the last may hold fewer. */
  readonly pages: readonly Float64Array[]

  constructor(width: number, pages: readonly Float64Array[]) {
    this.width = width
    this.pages = pages
  }

  /** The pages of these numbers: those of all series in order. */
  static from(numbers: readonly number[], width = 1): Numbers {
    const size = seriesInPage(width) * width
    const count = Math.ceil(numbers.length / size)
    const pages = Array.from({ length: count }, (_, i) => Float64Array.from(numbers.slice(i * size, (i + 1) * size)))
    return new Numbers(width, pages)
  }

  /** The number at `index` of a series; NaN if it does not exist. */
  get(series: number, index = 0): number {
    return this.of(series)[index] ?? Number.NaN
  }

  /** All numbers of a series, without a copy; empty if the series does not exist. */
  of(series: number): Float64Array {
    const size = seriesInPage(this.width)
    const start = (series % size) * this.width
    return this.pages[Math.floor(series / size)]?.subarray(start, start + this.width) ?? NOTHING
  }

  /** All numbers of all series in order. */
  *[Symbol.iterator](): Generator<number> {
    for (const page of this.pages) yield* page
  }
}

const NOTHING = new Float64Array(0)

/** The number of series of this width in a page: a power of two. */
export function seriesInPage(width: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(PAGE_NUMBERS / width)))
}

/** 8 KiB: cheap to copy, and formatting a page as text takes about half a millisecond. */
const PAGE_NUMBERS = 2 ** 10
