import { hasSameBytes } from '../snapshot/byte-view.ts'
import { type Numbers, seriesInPage } from '../snapshot/numbers.ts'
import type { Exemplars } from '../snapshot/snapshot.ts'
import { ByteWriter } from './byte-writer.ts'

/** Some series of a family that are written in the same way. */
export interface Section {
  /** Two sections with the same key write the same labels and numbers as the same text. */
  readonly key: string
  readonly labels: readonly (readonly string[])[]
  readonly values: Numbers
  /** The text between the braces for these label values. */
  readonly labelText: (values: readonly string[]) => string
  readonly write: SeriesWriter
  /** By the index of the series; undefined if no exemplars are written. */
  readonly exemplars?: ReadonlyMap<number, Exemplars> | undefined
}

/** Writes the series with the label text `inner`, whose numbers begin at `at`. */
export type SeriesWriter = (
  writer: ByteWriter,
  inner: string,
  page: Float64Array,
  at: number,
  exemplars?: Exemplars,
) => void

/**
 * The bytes of one section as they were last written, one block for each page of its numbers, together with the data they
 * were written from. An unchanged block is the same buffer again; in any other block the unchanged series are copied.
 * Several encodings may be in progress at once: each block is written without interruption.
 */
export class CachedSection {
  readonly #blocks: Block[] = []
  /** The text between the braces of each series in the blocks. */
  readonly #inner: string[] = [];

  /**
   * The bytes of all series, written block by block on request. If no other text is in use, as `isOnly` returns for
   * each block, a block reuses its memory; otherwise no returned buffer is written to.
   */
  *encode(section: Section, isOnly: () => boolean): Generator<Buffer> {
    const { labels, values } = section
    if (labels.length < this.#inner.length) {
      this.#inner.length = labels.length
      this.#blocks.length = values.pages.length
    }
    for (let index = 0; index < values.pages.length; index++) yield this.#encodeBlock(section, index, isOnly())
  }

  #encodeBlock(section: Section, index: number, isOnly: boolean): Buffer {
    const old = this.#blocks[index] ?? NOTHING
    const written = { labels: section.labels, page: section.values.pages[index]!, exemplars: section.exemplars }
    const { width } = section.values
    const first = index * seriesInPage(width)
    const end = first + written.page.length / width
    const comparison = new Comparison(old.written, written, first, width)
    if (old.ends.length === end - first && comparison.isBlockSame(end)) {
      // Refer to the newest snapshot, so that no older one is kept in memory because of one block.
      old.written = written
      return old.bytes
    }
    const ends: number[] = []
    WRITER.begin()
    for (let series = first; series < end; series++) {
      const at = series - first
      if (comparison.isSeriesSame(series)) WRITER.copy(old.bytes, at === 0 ? 0 : old.ends[at - 1]!, old.ends[at]!)
      else {
        if (!comparison.hasSameLabels(series)) this.#inner[series] = section.labelText(section.labels[series]!)
        section.write(WRITER, this.#inner[series]!, written.page, at * width, section.exemplars?.get(series))
      }
      ends.push(WRITER.length)
    }
    const room = isOnly && old.room.length >= WRITER.length ? old.room : roomFor(WRITER.length)
    room.set(WRITER.view())
    const block = { bytes: room.subarray(0, WRITER.length), room, ends, written }
    this.#blocks[index] = block
    return block.bytes
  }
}

/** References to the snapshot, which never changes. The page is that of this block. */
interface Written {
  readonly labels: Section['labels']
  readonly page: Float64Array
  readonly exemplars: Section['exemplars']
}

/** Compares one block in two snapshots. */
class Comparison {
  readonly #before: Written
  readonly #now: Written
  readonly #first: number
  readonly #width: number

  constructor(before: Written, now: Written, first: number, width: number) {
    this.#before = before
    this.#now = now
    this.#first = first
    this.#width = width
  }

  /** True if all series before `end` have the same labels, numbers and exemplars. */
  isBlockSame(end: number): boolean {
    return this.#haveSameNumbers() && this.#haveSameLabels(end) && this.#haveSameExemplars(this.#first, end)
  }

  /** True if one series has the same labels, numbers and exemplars. */
  isSeriesSame(series: number): boolean {
    if (!this.hasSameLabels(series)) return false
    const before = this.#before.page
    const now = this.#now.page
    const begin = (series - this.#first) * this.#width
    for (let at = begin; at < begin + this.#width; at++) if (before[at] !== now[at]) return false
    return this.#haveSameExemplars(series, series + 1)
  }

  hasSameLabels(series: number): boolean {
    return this.#before.labels[series] === this.#now.labels[series]
  }

  #haveSameLabels(end: number): boolean {
    if (this.#before.labels === this.#now.labels) return true
    for (let series = this.#first; series < end; series++) if (!this.hasSameLabels(series)) return false
    return true
  }

  /** An unchanged page is usually the same object. */
  #haveSameNumbers(): boolean {
    const before = this.#before.page
    const now = this.#now.page
    return before === now || hasSameBytes(before, now)
  }

  #haveSameExemplars(begin: number, end: number): boolean {
    const before = this.#before.exemplars
    const now = this.#now.exemplars
    if (before === undefined && now === undefined) return true
    for (let i = begin; i < end; i++) if (!isSame(before?.get(i), now?.get(i))) return false
    return true
  }
}

/** True if both have the same exemplars, or none. Exemplars are immutable. */
function isSame(a: Exemplars | undefined, b: Exemplars | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** The bytes of some series, the end of each, and the data they were written from. */
interface Block {
  /** A new object for each text, so that results cached for the previous bytes are not used for these. */
  readonly bytes: Buffer
  /** The memory that contains the bytes. */
  readonly room: Buffer
  readonly ends: readonly number[]
  written: Written
}

const NOTHING: Block = {
  bytes: Buffer.alloc(0),
  room: Buffer.alloc(0),
  ends: [],
  written: { labels: [], page: new Float64Array(0), exemplars: undefined },
}

/** The buffer in which blocks are written. All sections share it, since a block is finished before another begins. */
const WRITER = new ByteWriter()

/** Text grows as numbers grow: allocate one 32nd more. */
function roomFor(length: number): Buffer {
  return Buffer.allocUnsafe(length + (length >> 5))
}
