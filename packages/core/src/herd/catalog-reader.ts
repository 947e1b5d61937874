import { closeSync, fstatSync, readSync } from 'node:fs'
import { type CatalogLine, isGivenUp } from '../store/catalog.ts'
import { openToRead } from './files.ts'
import type { KnownNames } from './names.ts'

/**
 * Reads the names of one store as they come: each line once, a piece of the file at a time. Nothing here throws once
 * it is open; damage is counted.
 */
export class CatalogReader {
  /** Lines that are none. */
  damage = 0
  /** True once the catalog could not be read to its end. */
  isCut = false
  nodeVersion = ''
  readonly #names: KnownNames
  readonly #fd: number
  #offset = 0
  /** What follows the last line break that was read: the begin of a line that waits for its rest. */
  #rest = Buffer.alloc(0)
  /** Whole lines, and how far they are taken. */
  #text = ''
  #at = 0

  /** Throws what the file system throws. */
  constructor(path: string, names: KnownNames) {
    this.#names = names
    this.#fd = openToRead(path)
  }

  /** The next line; undefined where there is none now. */
  next(): CatalogLine | undefined {
    for (;;) {
      while (this.#at < this.#text.length) {
        const line = this.#decode(this.#cutLine())
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

  #cutLine(): string {
    const end = this.#text.indexOf('\n', this.#at)
    const line = this.#text.slice(this.#at, end)
    this.#at = end + 1
    return line
  }

  #decode(text: string): CatalogLine | undefined {
    if (text === '' || isGivenUp(text)) return undefined
    const line = this.#names.decode(text)
    if (line === undefined) this.damage++
    if (line?.kind !== 'owner') return line
    this.nodeVersion = line.nodeVersion
    return undefined
  }

  /** Reads the next piece; false where the file has no more for now. */
  #readOn(): boolean {
    this.#text = ''
    this.#at = 0
    try {
      const { size } = fstatSync(this.#fd)
      const end = Math.min(size, MAX_CATALOG_BYTES)
      const gained = Buffer.allocUnsafe(Math.max(0, Math.min(end - this.#offset, PIECE_BYTES)))
      const read = gained.length === 0 ? 0 : readSync(this.#fd, gained, 0, gained.length, this.#offset)
      this.#offset += read
      if (read > 0) this.#take(Buffer.concat([this.#rest, gained.subarray(0, read)]))
      else if (size > end) this.#cut()
      return read > 0
    } catch {
      this.#cut()
      return false
    }
  }

  #cut(): void {
    this.isCut = true
    this.damage++
  }

  #take(bytes: Buffer): void {
    const end = bytes.lastIndexOf(10) + 1
    this.#text = bytes.toString('utf8', 0, end)
    this.#rest = Buffer.from(bytes.subarray(end))
    if (this.#rest.length <= MAX_LINE_BYTES) return
    this.#rest = Buffer.alloc(0)
    this.damage++
  }
}

const MAX_CATALOG_BYTES = 2 ** 26
/** How much of a catalog is read at once. */
const PIECE_BYTES = 2 ** 16
const MAX_LINE_BYTES = 2 ** 20
