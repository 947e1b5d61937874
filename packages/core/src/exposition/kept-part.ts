import { hasSameBytes } from '../snapshot/byte-view.ts'
import { type Numbers, seriesInPage } from '../snapshot/numbers.ts'
import type { Exemplars } from '../snapshot/snapshot.ts'
import { Draft } from './draft.ts'

/** Some series of a family that are written alike. */
export interface Part {
  /** Two parts with the same key write the same labels and numbers as the same text. */
  readonly key: string
  readonly labels: readonly (readonly string[])[]
  readonly values: Numbers
  /** What stands between the braces for these label values. */
  readonly labelText: (values: readonly string[]) => string
  readonly write: Writer
  /** By the index of the series; undefined where none is to be written. */
  readonly exemplars?: ReadonlyMap<number, Exemplars> | undefined
}

/** Adds the series whose labels read `inner` and whose numbers begin at `at`. */
export type Writer = (draft: Draft, inner: string, page: Float64Array, at: number, exemplars?: Exemplars) => void

/**
 * The bytes of one part as they were last written, a block for each page of its numbers, with what of the snapshot it
 * shows. A block in which all stood still is the same buffer again; of any other what stood still is copied. Several
 * encodings may go on at once: a block is made in one go.
 */
export class KeptPart {
  readonly #blocks: Block[] = []
  /** The text between the braces of each series that the blocks show. */
  readonly #inner: string[] = [];

  /**
   * The bytes of all series, made block by block as they are asked for. Where nobody reads another text, as `isOnly`
   * says at each, a block is written over what it was; else nothing is written into what was handed out.
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
      // The newest of those that it shows, so that no older one is kept for the sake of one block.
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

/** As it was given: nobody writes into a snapshot. The page is of the block alone. */
interface Shown {
  readonly labels: Part['labels']
  readonly page: Float64Array
  readonly exemplars: Part['exemplars']
}

/** What of one block is the same in two snapshots. */
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

  /** True where all series before `end` have the same labels, numbers and exemplars. */
  isBlockSame(end: number): boolean {
    return this.#haveSameNumbers() && this.#haveSameLabels(end) && this.#haveSameExemplars(this.#first, end)
  }

  /** The same for one series. */
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

  /** A page that stood still is mostly the same object. */
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

/** True where both have the same exemplars, or none. They are not changed once they are made. */
function isSame(a: Exemplars | undefined, b: Exemplars | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Some series' bytes, where each ends, and what they show. */
interface Block {
  /** Another object for each text: what was made of the one before is not taken for what is made of this. */
  readonly bytes: Buffer
  /** The memory that the bytes are in. */
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

/** Where blocks are written. There is one for all, since a block is finished before another is begun. */
const DRAFT = new Draft()

/** As numbers grow their text does: there is room for a 32nd more. */
function roomFor(length: number): Buffer {
  return Buffer.allocUnsafe(length + (length >> 5))
}
