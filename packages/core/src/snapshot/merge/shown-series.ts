import { hasSameBytes } from '../byte-view.ts'
import { Numbers, seriesInPage } from '../numbers.ts'
import type { Family } from '../snapshot.ts'
import type { Task } from '../task.ts'
import type { BlockSet } from './block-set.ts'

/** Provides the series of a family by their ids. */
export interface SeriesOfFamily {
  isShown(series: number): boolean
  show(series: number, values: Float64Array, at: number): void
}

type Shown = Pick<Family, 'labels' | 'values'>

/**
 * The series in a snapshot, in order and without gaps. Unchanged parts are the same objects as before, and nothing is
 * written to after it was returned: a snapshot can be kept.
 */
export class ShownSeries {
  readonly #width: number
  readonly #seriesInPage: number
  #shown: Shown
  /** By series id: its index in the snapshot plus one; 0 if it is not in the snapshot. */
  #places = new Int32Array(0)

  constructor(width: number) {
    this.#width = width
    this.#seriesInPage = seriesInPage(width)
    this.#shown = { labels: [], values: new Numbers(width, []) }
  }

  /** The index of a series in the snapshot. */
  placeOf(series: number): number | undefined {
    const place = this.#places[series] ?? 0
    return place === 0 ? undefined : place - 1
  }

  /** Updates the snapshot's series; only those in `changed` may differ from before. */
  *update(labels: readonly (readonly string[])[], changed: BlockSet, family: SeriesOfFamily): Task<Shown> {
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

  /** True if a series has appeared or disappeared. */
  #isOtherwise(size: number, changed: BlockSet, family: SeriesOfFamily): boolean {
    for (const series of changed.series(size)) {
      if (family.isShown(series) !== (this.#places[series] ?? 0) > 0) return true
    }
    return false
  }

  *#anew(known: readonly (readonly string[])[], family: SeriesOfFamily): Task<Shown> {
    const before = this.#shown.values.pages
    const labels: (readonly string[])[] = []
    const pages: Float64Array[] = []
    this.#places = new Int32Array(known.length)
    /** A page that turned out identical to the old one, and can be reused. */
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

  /** Fills a page with series and adds their labels, until it is full or there are no more. Returns the next series. */
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
