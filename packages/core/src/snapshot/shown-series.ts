import type { BlockSet } from './block-set.ts'
import { hasSameBytes } from './byte-view.ts'
import { Numbers, seriesInPage } from './numbers.ts'
import type { Family } from './snapshot.ts'
import type { Steps } from './steps.ts'

/** Who knows the series of a family by their numbers. */
export interface SeriesOfFamily {
  isShown(series: number): boolean
  show(series: number, values: Float64Array, at: number): void
}

type Shown = Pick<Family, 'labels' | 'values'>

/**
 * The series that a snapshot shows, one after the other without gaps. What stood still is the same object again, and
 * what was handed out is never written to: whoever has a snapshot may keep it.
 */
export class ShownSeries {
  readonly #width: number
  readonly #seriesInPage: number
  #shown: Shown
  /** By the number of a series: one more than the index at which it is shown; 0 where it is not. */
  #places = new Int32Array(0)

  constructor(width: number) {
    this.#width = width
    this.#seriesInPage = seriesInPage(width)
    this.#shown = { labels: [], values: new Numbers(width, []) }
  }

  /** Where a series stands in what is shown. */
  placeOf(series: number): number | undefined {
    const place = this.#places[series] ?? 0
    return place === 0 ? undefined : place - 1
  }

  /** Shows all series, of which only those in `changed` may be others than they were. */
  *update(labels: readonly (readonly string[])[], changed: BlockSet, family: SeriesOfFamily): Steps<Shown> {
    if (changed.isEmpty) return this.#shown
    if (changed.isAll || this.#isOtherwise(labels.length, changed, family)) return yield* this.#anew(labels, family)
    const before = this.#shown.values.pages
    const pages = [...before]
    for (const [, begin, end] of changed.blocks(labels.length)) {
      for (let series = begin; series < end; series++) {
        const place = this.placeOf(series)
        if (place === undefined) continue
        const page = Math.floor(place / this.#seriesInPage)
        if (pages[page] === before[page]) pages[page] = before[page]!.slice()
        family.show(series, pages[page]!, (place % this.#seriesInPage) * this.#width)
      }
      yield
    }
    this.#shown = { labels: this.#shown.labels, values: new Numbers(this.#width, pages) }
    return this.#shown
  }

  /** True where a series has come into sight, or has gone. */
  #isOtherwise(size: number, changed: BlockSet, family: SeriesOfFamily): boolean {
    for (const series of changed.series(size)) {
      if (family.isShown(series) !== (this.#places[series] ?? 0) > 0) return true
    }
    return false
  }

  *#anew(known: readonly (readonly string[])[], family: SeriesOfFamily): Steps<Shown> {
    const before = this.#shown.values.pages
    const labels: (readonly string[])[] = []
    const pages: Float64Array[] = []
    this.#places = new Int32Array(known.length)
    /** A page that came out as it was before, and so is not needed. */
    let spare: Float64Array | undefined
    for (let series = 0; series < known.length; ) {
      const room = Math.min(known.length - series, this.#seriesInPage) * this.#width
      const page = spare?.length === room ? spare : new Float64Array(room)
      const shown = labels.length
      series = this.#fill(page, series, known, labels, family)
      if (labels.length === shown) break
      const filled = page.subarray(0, (labels.length - shown) * this.#width)
      const old = before[pages.length]
      const isSame = old !== undefined && hasSameBytes(filled, old)
      pages.push(isSame ? old : filled)
      spare = isSame ? page : undefined
      yield
    }
    this.#shown = { labels, values: new Numbers(this.#width, pages) }
    return this.#shown
  }

  /** Shows series in a page and adds their labels, until it is full or there are no more. Answers where it ended. */
  #fill(
    page: Float64Array,
    begin: number,
    known: readonly (readonly string[])[],
    labels: (readonly string[])[],
    family: SeriesOfFamily,
  ): number {
    let series = begin
    for (let end = 0; series < known.length && end < page.length; series++) {
      if (!family.isShown(series)) continue
      family.show(series, page, end)
      labels.push(known[series]!)
      this.#places[series] = labels.length
      end += this.#width
    }
    return series
  }
}
