import { hasSameBytes } from '../snapshot/byte-view.ts'
import { type Numbers, seriesInPage } from '../snapshot/numbers.ts'
import type { Exemplars } from '../snapshot/snapshot.ts'
import { Draft } from './draft.ts'

/** Some series of a family that are written in the same way. */
export interface Part {
  /** Two parts with the same key write the same labels and numbers as the same text. */
  readonly key: string
  readonly labels: readonly (readonly string[])[]
  readonly values: Numbers
  /** The text between the braces for these label values. */
  readonly labelText: (values: readonly string[]) => string
  readonly write: Writer
  /** By the index of the series; undefined if no exemplars are written. */
  readonly exemplars?: ReadonlyMap<number, Exemplars> | undefined
}

/** Writes the series with the label text `inner`, whose numbers begin at `at`. */
export type Writer = (draft: Draft, inner: string, page: Float64Array, at: number, exemplars?: Exemplars) => void

/**
 * The bytes of one part as they were last written, one block for each page of its numbers, together with the data they
 * were written from. An unchanged block is the same buffer again; in any other block the unchanged series are copied.
 * Several encodings may be in progress at once: each block is written without interruption.
 */
export class KeptPart {
  readonly #blocks: Block[] = []
  /** The text between the braces of each series in the blocks. */
  readonly #inner: string[] = [];

  /**
   * The bytes of all series, written block by block on request. If no other text is in use, as `isOnly` returns for
   * each block, a block reuses its memory; otherwise no returned buffer is written to.
   */
  *encode(part: Part, isOnly: () => boolean): Generator<Buffer> {
    const { labels, values } = part
    if (labels.length < this.#inner.length) {
      this.#inner.length = labels.length
      this.#blocks.length = values.pages.length
    }
    for (let index = 0; index < values.pages.length; index++) yield this.#encodeBlock(part, index, isOnly())
  }

  #encodeBlock(part: Part, index: number, isOnly: boolean): Buffer {
    const old = this.#blocks[index] ?? NOTHING
    const shown = { labels: part.labels, page: part.values.pages[index]!, exemplars: part.exemplars }
    const { width } = part.values
    const first = index * seriesInPage(width)
    const end = first + shown.page.length / width
    const comparison = new Comparison(old.shown, shown, first, width)
    if (old.ends.length === end - first && comparison.isBlockSame(end)) {
      // Refer to the newest snapshot, so that no older one is kept in memory because of one block.
      old.shown = shown
      return old.bytes
    }
    const ends: number[] = []
    DRAFT.begin()
    for (let series = first; series < end; series++) {
      const at = series - first
      if (comparison.isSeriesSame(series)) DRAFT.copy(old.bytes, at === 0 ? 0 : old.ends[at - 1]!, old.ends[at]!)
      else {
        if (!comparison.hasSameLabels(series)) this.#inner[series] = part.labelText(part.labels[series]!)
        part.write(DRAFT, this.#inner[series]!, shown.page, at * width, part.exemplars?.get(series))
      }
      ends.push(DRAFT.length)
    }
    const room = isOnly && old.room.length >= DRAFT.length ? old.room : roomFor(DRAFT.length)
    room.set(DRAFT.view())
    const block = { bytes: room.subarray(0, DRAFT.length), room, ends, shown }
    this.#blocks[index] = block
    return block.bytes
  }
}

/** References to the snapshot, which never changes. The page is that of this block. */
interface Shown {
  readonly labels: Part['labels']
  readonly page: Float64Array
  readonly exemplars: Part['exemplars']
}

/** Compares one block in two snapshots. */
class Comparison {
  readonly #before: Shown
  readonly #now: Shown
  readonly #first: number
  readonly #width: number

  constructor(before: Shown, now: Shown, first: number, width: number) {
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
  shown: Shown
}

const NOTHING: Block = {
  bytes: Buffer.alloc(0),
  room: Buffer.alloc(0),
  ends: [],
  shown: { labels: [], page: new Float64Array(0), exemplars: undefined },
}

/** The buffer in which blocks are written. All parts share it, since a block is finished before another begins. */
const DRAFT = new Draft()

/** Text grows as numbers grow: allocate one 32nd more. */
function roomFor(length: number): Buffer {
  return Buffer.allocUnsafe(length + (length >> 5))
}
