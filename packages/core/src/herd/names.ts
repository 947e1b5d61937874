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
    const slotEnd = text.indexOf(FAMILY, SLOT.length)
    const familyEnd = text.indexOf(VALUES, slotEnd + FAMILY.length)
    if (slotEnd < 0 || familyEnd < 0) return decodeLine(text)
    const raw = text.slice(familyEnd + VALUES.length, -1)
    const values = this.#known.get(raw)
    if (values !== undefined && text.startsWith(SLOT) && text.endsWith('}')) {
      const slot = wholeIn(text, SLOT.length, slotEnd)
      const family = wholeIn(text, slotEnd + FAMILY.length, familyEnd)
      if (slot >= HEADER_SLOTS && family >= 0) return { kind: 'series', slot, family, values }
    }
    const line = decodeLine(text)
    if (line?.kind === 'series') this.#remember(raw, line.values)
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

/** What stands before the parts of a series line without flags, as this version writes it. */
const SLOT = '{"s":'
const FAMILY = ',"f":'
const VALUES = ',"v":'

/** The number that stands between the two places; -1 where it is not plain, or may be out of range. */
function wholeIn(text: string, begin: number, end: number): number {
  const length = end - begin
  if (length < 1 || length > 9 || (length > 1 && text.charCodeAt(begin) === 48)) return -1
  let number = 0
  for (let at = begin; at < end; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
  }
  return number
}

/** A bound for mistakes: 20 to 30 MB of names, more than any honest herd has. Then it begins anew. */
const MAX_KNOWN = 2 ** 17
