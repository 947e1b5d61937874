import { closeSync, constants, fstatSync, readSync, writeSync } from 'node:fs'
import { createFile, openToAppend } from './files.ts'
import { HEADER_SLOTS } from './header.ts'

/**
 * The names of a store: an append-only log of JSON lines, each written whole by one call. A torn last line is not yet a
 * line. A family has a number, a series its first slot: a line that is lost takes no other with it.
 */

/** How the numbers of several workers become one: see each name in the documentation of gauges. */
export const MERGES = ['sum', 'max', 'min', 'mean', 'latest', 'worker'] as const
export type Merge = (typeof MERGES)[number]

/** `quantiles` is the per-worker half of a summary; it has the summary's name. */
const FAMILY_TYPES = ['counter', 'gauge', 'histogram', 'summary', 'quantiles', 'untyped'] as const
export type FamilyType = (typeof FAMILY_TYPES)[number]

/** What a family of series is. Two processes that mean the same family say the same here. */
export interface Definition {
  readonly name: string
  readonly type: FamilyType
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram, increasing, without +Inf. Empty for every other type. */
  readonly buckets: readonly number[]
  /** `worker` keeps the workers apart with a label `worker`, for any type. The others than `sum` are for gauges. */
  readonly merge: Merge
  /** Gauges that merge by `mean`, of a group of herds: a second slot says how many workers each mean is of. */
  readonly weighted?: boolean | undefined
  /** Histograms only: the counter that their counts are added to when a snapshot is taken. */
  readonly countsInto?: string | undefined
}

export interface FamilyLine extends Definition {
  readonly kind: 'family'
  /** What the series lines call this family. */
  readonly index: number
  /** Retired totals only: the slot that says when the newest store with this definition started. */
  readonly sinceSlot?: number
  /** When it was declared, where its name stood for another family of this store before. Unix seconds. */
  readonly since?: number
}

export interface SeriesLine {
  readonly kind: 'series'
  /** The family's `index` in this catalog. */
  readonly family: number
  readonly values: readonly string[]
  readonly slot: number
  /** Shown only once it is not zero: the series that takes what a full family cannot. */
  readonly overflow?: boolean
  /**
   * Where the slot was another series' before: the generation of the numbers that are this one's. In numbers of an
   * earlier generation there stands what the other had.
   */
  readonly born?: number
}

/** Says that a series is no more. Its slot may be another's in a later line. */
export interface RemovedLine {
  readonly kind: 'removed'
  readonly family: number
  readonly slot: number
}

/** Says that a family is no more, and none of its series. A later line may declare it again. */
export interface WithdrawnLine {
  readonly kind: 'withdrawn'
  readonly family: number
}

/** What a store says of its owner; the first line. */
export interface OwnerLine {
  readonly kind: 'owner'
  readonly nodeVersion: string
}

export type CatalogLine = FamilyLine | SeriesLine | RemovedLine | WithdrawnLine | OwnerLine

/** How many slots a series of this family takes in a store. */
export function widthOf(definition: Pick<Definition, 'type' | 'buckets' | 'merge' | 'weighted'>): number {
  if (definition.type === 'histogram') return definition.buckets.length + 2 // +Inf, and the sum.
  if (definition.type === 'summary') return 2 // The sum and the count.
  // The value and when it was set, or the mean and of how many.
  return definition.merge === 'latest' || definition.weighted === true ? 2 : 1
}

/** Writes a catalog. */
export class CatalogWriter {
  #fd: number
  #torn = false
  #bytes = 0

  /** Begins a new catalog. Throws what the file system throws, EEXIST among it. */
  constructor(path: string, open: (path: string) => number = createCatalog) {
    this.#fd = open(path)
  }

  /** Goes on with a catalog that may be there and may end in a torn line. Throws what the file system throws. */
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

  /** Answers false where the line could not be written whole: it is then no line for any reader. */
  append(line: CatalogLine): boolean {
    return this.#write(encodeLine(line))
  }

  /** Writes several lines with one call. Answers false where not all of them are lines now. */
  appendAll(lines: readonly CatalogLine[]): boolean {
    return this.#write(lines.map(encodeLine).join(''))
  }

  #write(text: string): boolean {
    if (this.#fd < 0) return false
    return this.#writeBytes(Buffer.from((this.#torn ? GIVEN_UP : '') + text))
  }

  #writeBytes(bytes: Buffer): boolean {
    try {
      const written = writeSync(this.#fd, bytes)
      this.#bytes += written
      // The next line that fits ends the torn one first: the disk that tore it has no room for that either.
      if (written > 0) this.#torn = written < bytes.length
      return written === bytes.length
    } catch {
      // A full disk: the caller counts it.
      return false
    }
  }

  /** Writes all whole lines into another catalog. False where there is no room for them. Throws what reading throws. */
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

  /** How much has been written by this writer. */
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
 * Ends a line that its writer could not finish. It has to say so: a line that lacks no more than its line break would
 * otherwise become one later, after its writer has given up what it names.
 */
const GIVEN_UP = '~\n'

/** True for a line that its own writer has given up: nothing is lost by it. */
export function isGivenUp(text: string): boolean {
  return text.endsWith('~')
}

function endsTorn(fd: number): boolean {
  const { size } = fstatSync(fd)
  const last = Buffer.alloc(1)
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 10
}

/** Writes a line, with its line break. */
export function encodeLine(line: CatalogLine): string {
  if (line.kind === 'series') {
    const { slot: s, family: f, values: v, overflow, born: g } = line
    return `${JSON.stringify({ s, f, v, ...(overflow ? { o: 1 } : {}), ...(g === undefined ? {} : { g }) })}\n`
  }
  if (line.kind === 'removed') return `${JSON.stringify({ d: line.slot, f: line.family })}\n`
  if (line.kind === 'withdrawn') return `${JSON.stringify({ w: line.family })}\n`
  return `${JSON.stringify(line)}\n`
}

/** Reads one line, or answers undefined where it is none: damage, or written by something else. */
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
    ...(g === undefined ? {} : { born: g }),
  }
}

function removedLine({ d, f }: Record<string, unknown>): RemovedLine | undefined {
  return isIndex(d) && isIndex(f) ? { kind: 'removed', family: f, slot: d } : undefined
}

function familyLine(fields: Record<string, unknown>): FamilyLine | undefined {
  const { index, sinceSlot, since, name, type, help, labels, buckets, merge, weighted, countsInto } = fields
  if (!isIndex(index) || !isName(name) || typeof help !== 'string' || !isStrings(labels)) return undefined
  if (!labels.every(isName)) return undefined
  if (!FAMILY_TYPES.includes(type as FamilyType) || !MERGES.includes(merge as Merge)) return undefined
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
    merge: merge as Merge,
    ...(weighted === true ? { weighted } : {}),
    ...(typeof countsInto === 'string' ? { countsInto } : {}),
  }
}

/** Readers keep slots in 32 bits: a larger number would name some other slot. */
function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31
}

/** What stands in the text format without quotes. Anything else would spoil the page for everybody. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(value)
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}
