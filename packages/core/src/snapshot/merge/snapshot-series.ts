import { hasSameBytes } from '../byte-view.ts'
import { Numbers, seriesInPage } from '../numbers.ts'
import type { Family } from '../snapshot.ts'
import type { Task } from '../task.ts'
import type { BlockSet } from './block-set.ts'

/** The series of a family by their ids. */
interface SeriesOfFamily {
  isIncluded(series: number): boolean
  writeTo(series: number, values: Float64Array, at: number): void
}

type Columns = Pick<Family, 'labels' | 'values'>

/**
 * The series in a snapshot, in order and without gaps. Unchanged parts are the same objects as before, and nothing is
 * written to after it was returned: a snapshot can be kept.
 */
export class SnapshotSeries {
  readonly #width: number
  readonly #seriesInPage: number
  #current: Columns
  /** By series id: its index in the snapshot plus one; 0 if it is not in the snapshot. */
  #places = new Int32Array(0)

  constructor(width: number) {
    this.#width = width
    this.#seriesInPage = seriesInPage(width)
    this.#current = { labels: [], values: new Numbers(width, []) }
  }

  /** The index of a series in the snapshot. */
  placeOf(series: number): number | undefined {
    const place = this.#places[series] ?? 0
    return place === 0 ? undefined : place - 1
  }

  /** Updates the snapshot's series; only those in `changed` may differ from before. */
  *update(labels: readonly (readonly string[])[], changed: BlockSet, family: SeriesOfFamily): Task<Columns> {
    if (changed.isEmpty) return this.#current
    if (changed.isAll || this.#hasOtherSeries(labels.length, changed, family))
      return yield* this.#rebuild(labels, family)
    const before = this.#current.values.pages
    const pages = [...before]
    for (const [, begin, end] of changed.blocks(labels.length)) {
      for (let series = begin; series < end; series++) {
        const place = this.placeOf(series)
        if (place === undefined) continue
        const page = Math.floor(place / this.#seriesInPage)
        if (pages[page] === before[page]) pages[page] = before[page]!.slice()
        family.writeTo(series, pages[page]!, (place % this.#seriesInPage) * this.#width)
      }
      yield
    }
    this.#current = { labels: this.#current.labels, values: new Numbers(this.#width, pages) }
    return this.#current
  }

  /** True if a series has appeared or disappeared. */
  #hasOtherSeries(size: number, changed: BlockSet, family: SeriesOfFamily): boolean {
    for (const series of changed.series(size)) {
      if (family.isIncluded(series) !== (this.#places[series] ?? 0) > 0) return true
    }
    return false
  }

  *#rebuild(known: readonly (readonly string[])[], family: SeriesOfFamily): Task<Columns> {
    const before = this.#current.values.pages
    const labels: (readonly string[])[] = []
    const pages: Float64Array[] = []
    this.#places = new Int32Array(known.length)
    /** A page that turned out identical to the old one, and can be reused. */
    let spare: Float64Array | undefined
    for (let series = 0; series < known.length; ) {
      const room = Math.min(known.length - series, this.#seriesInPage) * this.#width
      const page = spare?.length === room ? spare : new Float64Array(room)
      const first = labels.length
      series = this.#fill(page, series, known, labels, family)
      if (labels.length === first) break
      const filled = page.subarray(0, (labels.length - first) * this.#width)
      const old = before[pages.length]
      const isSame = old !== undefined && hasSameBytes(filled, old)
      pages.push(isSame ? old : filled)
      spare = isSame ? page : undefined
      yield
    }
    this.#current = { labels, values: new Numbers(this.#width, pages) }
    return this.#current
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
      if (!family.isIncluded(series)) continue
      family.writeTo(series, page, end)
      labels.push(known[series]!)
      this.#places[series] = labels.length
      end += this.#width
    }
    return series
  }
}
