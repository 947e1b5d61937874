import { parseSeriesLine } from '../herd/reading/parse-series-line.ts'
import type { KnownSeries, Names } from '../snapshot/source.ts'
import { type CatalogLine, decodeLine, type FamilyLine, type SeriesLine } from '../store/catalog.ts'
import type { Shape } from './shape.ts'

/** Reads the names of a member incrementally, each line once, in the shape of the group. */
export class MemberNames implements Names {
  /** The number of bytes of names so far. */
  bytes = 0
  readonly #shape: Shape
  #text = ''
  #at = 0

  constructor(shape: Shape) {
    this.#shape = shape
  }

  /** Appends new names: complete lines. */
  append(names: Buffer): void {
    this.bytes += names.length
    this.#text += names.toString()
  }

  next(known: KnownSeries): CatalogLine | 'known' | undefined {
    while (this.#at < this.#text.length) {
      const begin = this.#at
      const end = this.#text.indexOf('\n', begin)
      this.#at = end + 1
      if (parseSeriesLine(this.#text, begin, end, this.#sharedSeries(known))) return 'known'
      const line = decodeLine(this.#text.slice(begin, end))
      if (line !== undefined) return this.#shaped(line)
    }
    return undefined
  }

  /** All lines from the beginning, in the shape of the group. */
  *all(): Generator<FamilyLine | SeriesLine> {
    for (const text of this.#text.split('\n')) {
      const line = text === '' ? undefined : decodeLine(text)
      if (line?.kind === 'family' || line?.kind === 'series') yield this.#shaped(line) as FamilyLine | SeriesLine
    }
  }

  #shaped(line: CatalogLine): CatalogLine {
    if (line.kind === 'family') return this.#shape.family(line)
    return line.kind === 'series' ? this.#shape.series(line) : line
  }

  /** Series without an additional label have the same label values in the group, and can be found by their text. */
  #sharedSeries(known: KnownSeries): KnownSeries {
    if (this.#shared?.all !== known) {
      const addAt: KnownSeries['addAt'] = (family, values, slot) =>
        !this.#shape.isApart(family) && known.addAt(family, values, slot)
      this.#shared = { all: known, addAt }
    }
    return this.#shared
  }

  #shared: (KnownSeries & { readonly all: KnownSeries }) | undefined
}
