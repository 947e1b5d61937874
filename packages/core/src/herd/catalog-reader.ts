import { closeSync, fstatSync, readSync } from 'node:fs'
import type { Names, SeriesTaker } from '../snapshot/source.ts'
import { type CatalogLine, decodeLine, isGivenUp } from '../store/catalog.ts'
import { openFile } from '../store/files.ts'
import { takeLine } from './take-line.ts'

/**
 * Reads the names of one store as they come: each line once, a piece of the file at a time. Nothing here throws once
 * it is open; damage is counted.
 */
export class CatalogReader implements Names {
  /** Lines that are none. */
  damage = 0
  /** True once the catalog could not be read to its end. */
  isCut = false
  nodeVersion = ''
  readonly #fd: number
  /** Where what was not taken yet begins: whole lines, and then the begin of one that waits for its rest. */
  #offset = 0
  /** Whole lines, and how far they are taken. */
  #text = ''
  #at = 0

  /** Reads a file by its path, or one that is open already. Throws what the file system throws. */
  constructor(file: string | number) {
    this.#fd = typeof file === 'number' ? file : openFile(file)
  }

  /** The descriptor, which stays open until `close`. */
  get fd(): number {
    return this.#fd
  }

  /** The next line; undefined where there is none now. */
  next(): CatalogLine | undefined
  next(taker: SeriesTaker): CatalogLine | 'taken' | undefined
  next(taker?: SeriesTaker): CatalogLine | 'taken' | undefined {
    for (;;) {
      while (this.#at < this.#text.length) {
        const begin = this.#at
        const end = this.#text.indexOf('\n', begin)
        this.#at = end + 1
        if (taker !== undefined && takeLine(this.#text, begin, end, taker)) return 'taken'
        const line = this.#decode(this.#text.slice(begin, end))
        if (line !== undefined) return line
      }
      if (!this.#readOn()) return undefined
    }
  }

  /** Which file the names come from. */
  inode(): number {
    return fstatSync(this.#fd).ino
  }

  close(): void {
    closeSync(this.#fd)
  }

  #decode(text: string): CatalogLine | undefined {
    if (text === '' || isGivenUp(text)) return undefined
    const line = decodeLine(text)
    if (line === undefined) this.damage++
    if (line?.kind !== 'owner') return line
    this.nodeVersion = line.nodeVersion
    return undefined
  }

  /** Reads the next whole lines; false where the file has no more for now. */
  #readOn(): boolean {
    this.#text = ''
    this.#at = 0
    try {
      const { size } = fstatSync(this.#fd)
      const left = Math.min(size, MAX_CATALOG_BYTES) - this.#offset
      const bytes = left > 0 ? this.#readLines(left) : undefined
      if (bytes === undefined && size > MAX_CATALOG_BYTES) this.#cut()
      if (bytes === undefined) return false
      this.#text = bytes.toString()
      this.#offset += bytes.length
      return true
    } catch {
      this.#cut()
      return false
    }
  }

  /** The next whole lines of so many bytes; undefined where none is whole yet. */
  #readLines(left: number): Buffer | undefined {
    let piece = PIECE
    let rest = left
    for (;;) {
      const read = readSync(this.#fd, piece, 0, Math.min(piece.length, rest), this.#offset)
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

  #cut(): void {
    this.isCut = true
    this.damage++
  }
}

const LINE_BREAK = 10
const MAX_CATALOG_BYTES = 2 ** 26
const MAX_LINE_BYTES = 2 ** 20
/** How much of a catalog is read at once. One for all readers: what is read becomes text before another reads. */
const PIECE = Buffer.allocUnsafeSlow(2 ** 16)
