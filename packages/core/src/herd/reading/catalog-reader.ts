import { fstatSync, readSync } from 'node:fs'
import { lacksDescriptors } from '../../files/descriptors.ts'
import type { KnownSeries, Names } from '../../snapshot/source.ts'
import { type CatalogLine, decodeLine, isGivenUp } from '../../store/catalog.ts'
import type { HeldFile } from './held-file.ts'
import { parseSeriesLine } from './parse-series-line.ts'

/**
 * Reads the names of one store incrementally: each line once, one chunk of the file at a time. Once it is open, nothing
 * here throws; damage is counted.
 */
export class CatalogReader implements Names {
  /** The number of invalid lines. */
  damage = 0
  /** True while the catalog could not be read to its end. */
  isIncomplete = false
  /** True if the only reason was that no descriptor was free. */
  #lacksDescriptors = false
  nodeVersion = ''
  /** Stays open until `close`. */
  readonly file: HeldFile
  /**
   * The offset of the first byte that was not consumed. It is the start of a line, except within a line that is too
   * long.
   */
  #offset = 0
  /** The number of lines that named nothing. */
  #useless = 0
  /** Complete lines, and the position up to which they were consumed. */
  #text = ''
  #at = 0

  constructor(file: HeldFile) {
    this.file = file
  }

  /** The next line; undefined if there is none at present. */
  next(): CatalogLine | undefined
  next(known: KnownSeries): CatalogLine | 'known' | undefined
  next(known?: KnownSeries): CatalogLine | 'known' | undefined {
    while (this.#useless <= MAX_USELESS_LINES) {
      while (this.#at < this.#text.length) {
        const begin = this.#at
        const end = this.#text.indexOf('\n', begin)
        this.#at = end + 1
        if (known !== undefined && parseSeriesLine(this.#text, begin, end, known)) return 'known'
        const line = this.#decode(this.#text.slice(begin, end))
        if (line !== undefined) return line
        if (++this.#useless > MAX_USELESS_LINES) return this.#giveUp()
      }
      if (!this.#readMore()) return undefined
    }
    return undefined
  }

  /** The inode of the file that the names come from. */
  inode(): number {
    return this.file.inode
  }

  close(): void {
    this.file.close()
  }

  #decode(text: string): CatalogLine | undefined {
    if (text === '' || isGivenUp(text)) return undefined
    const line = decodeLine(text)
    if (line === undefined) this.damage++
    if (line?.kind !== 'owner') return line
    this.nodeVersion = line.nodeVersion
    return undefined
  }

  /** Reads the next complete lines; returns false if the file has no more for now. */
  #readMore(): boolean {
    this.#text = ''
    this.#at = 0
    try {
      const isMore = this.file.use(fd => this.#readFrom(fd))
      if (this.#lacksDescriptors) this.isIncomplete = this.#lacksDescriptors = false
      return isMore
    } catch (error) {
      // A file that could not be opened now can be read the next time.
      if (lacksDescriptors(error)) this.isIncomplete = this.#lacksDescriptors = true
      else this.#giveUp()
      return false
    }
  }

  #readFrom(fd: number): boolean {
    const { size } = fstatSync(fd)
    const left = Math.min(size, MAX_CATALOG_BYTES) - this.#offset
    const bytes = left > 0 ? this.#readLines(fd, left) : undefined
    if (bytes === undefined && size > MAX_CATALOG_BYTES) this.#giveUp()
    if (bytes === undefined) return false
    this.#text = bytes.toString()
    this.#offset += bytes.length
    return true
  }

  /** The next complete lines within `left` bytes; undefined if none is complete yet. */
  #readLines(fd: number, left: number): Buffer | undefined {
    let piece = PIECE
    let rest = left
    for (;;) {
      const read = readSync(fd, piece, 0, Math.min(piece.length, rest), this.#offset)
      const end = piece.subarray(0, read).lastIndexOf(LINE_BREAK) + 1
      if (end > 0) return piece.subarray(0, end)
      if (read < piece.length) return undefined
      if (piece.length < MAX_LINE_BYTES) piece = Buffer.allocUnsafeSlow(MAX_LINE_BYTES)
      else {
        this.damage++
        this.#offset += read
        rest -= read
      }
    }
  }

  #giveUp(): undefined {
    this.isIncomplete = true
    this.#lacksDescriptors = false
    this.damage++
  }
}

const LINE_BREAK = 10
const MAX_CATALOG_BYTES = 2 ** 26
const MAX_LINE_BYTES = 2 ** 20
/** Far more than in a store whose disk was full many times. All of them are skipped in one turn of the event loop. */
const MAX_USELESS_LINES = 10_000
/**
 * The buffer for one chunk of a catalog. All readers share it: the bytes are converted to a string before the next
 * reader runs.
 */
const PIECE = Buffer.allocUnsafeSlow(2 ** 16)
