/**
 * The numbers of a family's series, `width` of each, in pages of some hundred series.
 *
 * Nobody writes into a page that was handed out. One in which all stood still is the same object in the next snapshot:
 * a copy of all numbers for the sake of few would be a megabyte of garbage for each scrape of 10,000 histograms.
 */
export class Numbers {
  /** How many numbers a series has. */
  readonly width: number
  /** Of as many series as `seriesInPage` says, one after the other; the last may have fewer. */
  readonly pages: readonly Float64Array[]

  constructor(width: number, pages: readonly Float64Array[]) {
    this.width = width
    this.pages = pages
  }

  /** One series after the other, as few as they are. */
  static from(numbers: readonly number[], width = 1): Numbers {
    const size = seriesInPage(width) * width
    const count = Math.ceil(numbers.length / size)
    const pages = Array.from({ length: count }, (_, i) => Float64Array.from(numbers.slice(i * size, (i + 1) * size)))
    return new Numbers(width, pages)
  }

  /** One number of a series; NaN where there is none. */
  get(series: number, index = 0): number {
    return this.of(series)[index] ?? Number.NaN
  }

  /** All numbers of a series; none where there is no such series. */
  of(series: number): Float64Array {
    const size = seriesInPage(this.width)
    const start = (series % size) * this.width
    return this.pages[Math.floor(series / size)]?.subarray(start, start + this.width) ?? NOTHING
  }

  /** All numbers of all series. */
  *[Symbol.iterator](): Generator<number> {
    for (const page of this.pages) yield* page
  }
}

const NOTHING = new Float64Array(0)

/** How many series of this width a page has: a power of two. */
export function seriesInPage(width: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(PAGE_NUMBERS / width)))
}

/** 8 KiB: to copy one is nothing, and their text is about half a millisecond of work. */
const PAGE_NUMBERS = 2 ** 10
