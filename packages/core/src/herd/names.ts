import { type CatalogLine, decodeLine } from '../store/catalog.ts'
import { HEADER_SLOTS } from '../store/header.ts'

/**
 * Reads catalog lines, and remembers the label values that they bring.
 *
 * Hot on a herd's first scrape: the workers of one service have the same series, so of 64 catalogs with 10,000 lines
 * each 63 bring nothing new. A line whose values were read before, by any reader that shares this memory, costs one
 * look-up by their raw text: no JSON.parse, no new strings, and one array for all stores in place of 64
 * (`npm run bench -- scale`: about a tenth less CPU time for the whole first scrape).
 */
export class KnownNames {
  readonly #known = new Map<string, readonly string[]>()

  /** What `decodeLine` answers, which has the last word on everything that is not known and plain. */
  decode(text: string): CatalogLine | undefined {
    const plain = PLAIN_SERIES.exec(text)
    if (plain === null) return decodeLine(text)
    const values = this.#known.get(plain[3]!)
    const slot = Number(plain[1])
    if (values !== undefined && slot >= HEADER_SLOTS) return { kind: 'series', slot, family: Number(plain[2]), values }
    const line = decodeLine(text)
    if (line?.kind === 'series') this.#remember(plain[3]!, line.values)
    return line
  }

  #remember(raw: string, values: readonly string[]): void {
    // A text made here and now, since `raw` is a view that would keep the whole catalog in memory. Where the two
    // differ, somebody else has written the line: it stays with `decodeLine`.
    const key = JSON.stringify(values)
    if (key !== raw) return
    if (this.#known.size === MAX_KNOWN) this.#known.clear()
    this.#known.set(key, values)
  }
}

/** A series line without flags, as this version writes it, with numbers that are surely in range. */
const PLAIN_SERIES = /^\{"s":([1-9]\d{0,8}),"f":(0|[1-9]\d{0,8}),"v":(\[.*\])\}$/

/** A bound for mistakes: 20 to 30 MB of names, more than any honest herd has. Then it begins anew. */
const MAX_KNOWN = 2 ** 17
