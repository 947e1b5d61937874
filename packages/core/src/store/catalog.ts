import { closeSync, constants, fstatSync, readSync, writeSync } from 'node:fs'
import {
  AGGREGATORS,
  type Aggregator,
  type Definition,
  FAMILY_TYPES,
  type FamilyType,
} from '../definitions/definition.ts'
import { createFile, openToAppend } from '../files/files.ts'
import { HEADER_SLOTS } from './header.ts'

/**
 * The names of a store: an append-only log of JSON lines, each written with one call. An incomplete last line does not
 * count as a line yet. Families are referenced by index and series by their first slot, so a lost line affects no other
 * line.
 */

export interface FamilyLine extends Definition {
  readonly kind: 'family'
  /** The index by which series lines refer to this family. */
  readonly index: number
  /** Retired totals only: the slot that holds the start time of the newest store with this definition. */
  readonly sinceSlot?: number
  /** When it was declared, if its name belonged to another family of this store before. Unix seconds. */
  readonly since?: number
}

export interface SeriesLine {
  readonly kind: 'series'
  /** The family's `index` in this catalog. */
  readonly family: number
  readonly values: readonly string[]
  readonly slot: number
  /** Served only once it is not zero. It receives the recordings of series for which a full family has no room. */
  readonly overflow?: boolean
  /**
   * Set if the slot belonged to another series before: the first generation whose numbers belong to this series. In
   * numbers of an earlier generation the slot holds the value of the previous series.
   */
  readonly generation?: number
}

/** Removes a series. A later line may assign its slot to another series. */
export interface RemovedLine {
  readonly kind: 'removed'
  readonly family: number
  readonly slot: number
}

/** Removes a family and all its series. A later line may declare it again. */
interface WithdrawnLine {
  readonly kind: 'withdrawn'
  readonly family: number
}

/** Facts about the owner of the store; the first line. */
interface OwnerLine {
  readonly kind: 'owner'
  readonly nodeVersion: string
}

export type CatalogLine = FamilyLine | SeriesLine | RemovedLine | WithdrawnLine | OwnerLine

/** Writes a catalog. */
export class CatalogWriter {
  #fd: number
  #torn = false
  #bytes = 0

  /** Creates a new catalog. Throws the errors of the file system, including EEXIST. */
  constructor(path: string, open: (path: string) => number = createCatalog) {
    this.#fd = open(path)
  }

  /** Appends to a catalog that may exist and may end with an incomplete line. Throws the errors of the file system. */
  static resume(path: string): CatalogWriter {
    const writer = new CatalogWriter(path, openToAppend)
    try {
      writer.#torn = endsTorn(writer.#fd)
      return writer
    } catch (error) {
      writer.close()
      throw error
    }
  }

  /** Returns false if the line could not be written completely: readers then ignore it. */
  append(line: CatalogLine): boolean {
    return this.#write(encodeLine(line))
  }

  /** Writes several lines with one call. Returns false if not all of them were written completely. */
  appendAll(lines: readonly CatalogLine[]): boolean {
    return this.#write(lines.map(encodeLine).join(''))
  }

  #write(text: string): boolean {
    if (this.#fd < 0) return false
    return this.#writeBytes(Buffer.from((this.#torn ? INVALID_LINE_MARK : '') + text))
  }

  #writeBytes(bytes: Buffer): boolean {
    try {
      const written = writeSync(this.#fd, bytes)
      this.#bytes += written
      // An incomplete line is ended together with the next write: a disk too full for the line has no room for its
      // ending either.
      if (written > 0) this.#torn = written < bytes.length
      return written === bytes.length
    } catch {
      // The disk is full: the caller counts the error.
      return false
    }
  }

  /**
   * Copies all complete lines into another catalog. Returns false if there is no room for them. Throws the errors of
   * reading.
   */
  copyTo(other: CatalogWriter): boolean {
    const piece = Buffer.allocUnsafe(COPIED_BYTES)
    const end = fstatSync(this.#fd).size
    let isLineEnd = true
    for (let done = 0; done < end; ) {
      const read = readSync(this.#fd, piece, 0, Math.min(piece.length, end - done), done)
      if (read === 0) break
      if (!other.#writeBytes(piece.subarray(0, read))) return false
      isLineEnd = piece[read - 1] === LINE_BREAK
      done += read
    }
    other.#torn = !isLineEnd
    return true
  }

  /** The number of bytes that this writer has written. */
  get bytes(): number {
    return this.#bytes
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }
}

const LINE_BREAK = 10
const COPIED_BYTES = 2 ** 16

function createCatalog(path: string): number {
  return createFile(path, constants.O_APPEND)
}

/**
 * Ends a line that could not be written completely, and marks it as invalid. Without the mark, a line that lacks only
 * its line break would later become valid, although its writer has given up the series or family that it names.
 */
const INVALID_LINE_MARK = '~\n'

/** True for a line that its own writer marked as invalid: nothing is lost with it. */
export function isGivenUp(text: string): boolean {
  return text.endsWith('~')
}

function endsTorn(fd: number): boolean {
  const { size } = fstatSync(fd)
  const last = Buffer.alloc(1)
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 10
}

/** Encodes a line, with its line break. */
export function encodeLine(line: CatalogLine): string {
  if (line.kind === 'series') {
    const { slot: s, family: f, values: v, overflow, generation: g } = line
    return `${JSON.stringify({ s, f, v, ...(overflow ? { o: 1 } : {}), ...(g === undefined ? {} : { g }) })}\n`
  }
  if (line.kind === 'removed') return `${JSON.stringify({ d: line.slot, f: line.family })}\n`
  if (line.kind === 'withdrawn') return `${JSON.stringify({ w: line.family })}\n`
  return `${JSON.stringify(line)}\n`
}

/** Decodes one line. Returns undefined if it is damaged or was written by another program. */
export function decodeLine(text: string): CatalogLine | undefined {
  let line: unknown
  try {
    line = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof line !== 'object' || line === null) return undefined
  const fields = line as Record<string, unknown>
  if ('s' in fields) return seriesLine(fields)
  if ('d' in fields) return removedLine(fields)
  if ('w' in fields) return isIndex(fields['w']) ? { kind: 'withdrawn', family: fields['w'] } : undefined
  if (fields['kind'] === 'family') return familyLine(fields)
  if (fields['kind'] === 'owner') return { kind: 'owner', nodeVersion: String(fields['nodeVersion'] ?? '') }
  return undefined
}

function seriesLine({ s, f, v, o, g }: Record<string, unknown>): SeriesLine | undefined {
  if (!isIndex(s) || s < HEADER_SLOTS || !isIndex(f) || !isStrings(v)) return undefined
  if (g !== undefined && !isIndex(g)) return undefined
  return {
    kind: 'series',
    slot: s,
    family: f,
    values: v,
    ...(o === 1 ? { overflow: true } : {}),
    ...(g === undefined ? {} : { generation: g }),
  }
}

function removedLine({ d, f }: Record<string, unknown>): RemovedLine | undefined {
  return isIndex(d) && isIndex(f) ? { kind: 'removed', family: f, slot: d } : undefined
}

function familyLine(fields: Record<string, unknown>): FamilyLine | undefined {
  const { index, sinceSlot, since, name, type, help, labels, buckets, aggregator, weighted, countsInto } = fields
  if (!isIndex(index) || !isName(name) || typeof help !== 'string' || !isStrings(labels)) return undefined
  if (!labels.every(isName)) return undefined
  if (!FAMILY_TYPES.includes(type as FamilyType) || !AGGREGATORS.includes(aggregator as Aggregator)) return undefined
  if (!Array.isArray(buckets) || !buckets.every(bound => typeof bound === 'number')) return undefined
  return {
    kind: 'family',
    index,
    ...(isIndex(sinceSlot) ? { sinceSlot } : {}),
    ...(typeof since === 'number' ? { since } : {}),
    name,
    type: type as FamilyType,
    help,
    labels,
    buckets,
    aggregator: aggregator as Aggregator,
    ...(weighted === true ? { weighted } : {}),
    ...(typeof countsInto === 'string' ? { countsInto } : {}),
  }
}

/** Readers keep slots in 32 bits: a larger number would refer to a different slot. */
function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31
}

/** Names that the text format allows without quotes. Any other name would make the whole page invalid. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(value)
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
