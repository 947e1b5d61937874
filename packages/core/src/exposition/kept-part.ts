import { byteView } from '../snapshot/byte-view.ts'
import type { Exemplars } from '../snapshot/snapshot.ts'

/** Some series of a family that are written alike. */
export interface Part {
  /** Two parts with the same key write the same labels and numbers as the same text. */
  readonly key: string
  readonly labels: readonly (readonly string[])[]
  readonly values: Float64Array
  /** How many numbers a series has, and how many lines it takes. */
  readonly width: number
  readonly lines: number
  /** What stands between the braces for these label values. */
  readonly labelText: (values: readonly string[]) => string
  readonly write: Writer
  /** By the index of the series; undefined where none is to be written. */
  readonly exemplars?: ReadonlyMap<number, Exemplars> | undefined
}

/** The text of the series whose labels read `inner` and whose numbers begin at `at`. */
export type Writer = (inner: string, values: Float64Array, at: number, exemplars?: Exemplars) => string

/**
 * The bytes of one part as they were last written, in blocks of some hundred series, each with the snapshot that it
 * shows. A block in which all stood still is the same buffer again; of any other what stood still is copied. Nothing is
 * written into a buffer that was handed out, and several encodings may go on at once: a block is made in one go.
 */
export class KeptPart {
  readonly #width: number
  /** How many series a block has: about a millisecond of work when all of them are new. */
  readonly #size: number
  readonly #blocks: Block[] = []
  /** The text between the braces of each series that the blocks show. */
  readonly #inner: string[] = []

  constructor({ width, lines }: Part) {
    this.#width = width
    this.#size = Math.max(1, Math.floor(BLOCK_LINES / lines))
  }

  /** The bytes of all series, made block by block as they are asked for. */
  *encode(part: Part): Generator<Buffer> {
    const count = part.labels.length
    if (count < this.#inner.length) {
      this.#inner.length = count
      this.#blocks.length = Math.ceil(count / this.#size)
    }
    for (let begin = 0; begin < count; begin += this.#size) {
      yield this.#encodeBlock(part, begin, Math.min(begin + this.#size, count))
    }
  }

  #encodeBlock(part: Part, begin: number, end: number): Buffer {
    const old = this.#blocks[begin / this.#size] ?? NOTHING
    const comparison = new Comparison(old.shown, part, this.#width)
    const { labels, values, exemplars } = part
    if (old.ends.length === end - begin && comparison.isBlockSame(begin, end)) {
      // The newest of those that it shows, so that no older one is kept for the sake of one block.
      old.shown = { labels, values, exemplars }
      return old.bytes
    }
    DRAFT.begin()
    for (let i = begin; i < end; i++) {
      if (comparison.isSeriesSame(i)) DRAFT.copy(old, i - begin)
      else DRAFT.write(this.#write(part, comparison, i))
    }
    const block = { ...DRAFT.finish(), shown: { labels, values, exemplars } }
    this.#blocks[begin / this.#size] = block
    return block.bytes
  }

  #write({ labels, values, labelText, write, exemplars }: Part, comparison: Comparison, i: number): string {
    if (!comparison.hasSameLabels(i)) this.#inner[i] = labelText(labels[i]!)
    return write(this.#inner[i]!, values, i * this.#width, exemplars?.get(i))
  }
}

/** As it was given: nobody writes into a snapshot. */
type Shown = Pick<Part, 'labels' | 'values' | 'exemplars'>

/** What of two snapshots of the same series is the same. */
class Comparison {
  readonly #before: Shown
  readonly #now: Shown
  readonly #width: number

  constructor(before: Shown, now: Shown, width: number) {
    this.#before = before
    this.#now = now
    this.#width = width
  }

  /** True where the series from `begin` to before `end` have the same labels, numbers and exemplars. */
  isBlockSame(begin: number, end: number): boolean {
    return this.#haveSameLabels(begin, end) && this.#haveSameNumbers(begin, end) && this.#haveSameExemplars(begin, end)
  }

  /** The same for one series. */
  isSeriesSame(i: number): boolean {
    if (!this.hasSameLabels(i)) return false
    const before = this.#before.values
    const now = this.#now.values
    const end = (i + 1) * this.#width
    for (let at = i * this.#width; at < end; at++) if (before[at] !== now[at]) return false
    return this.#haveSameExemplars(i, i + 1)
  }

  hasSameLabels(i: number): boolean {
    return this.#before.labels[i] === this.#now.labels[i]
  }

  #haveSameLabels(begin: number, end: number): boolean {
    if (this.#before.labels === this.#now.labels) return true
    for (let i = begin; i < end; i++) if (!this.hasSameLabels(i)) return false
    return true
  }

  /** All at once, as bytes: that is how most of a large snapshot is told to have stood still. */
  #haveSameNumbers(begin: number, end: number): boolean {
    const before = this.#before.values
    const now = this.#now.values
    if (before === now) return true
    const from = begin * this.#width
    const to = end * this.#width
    return to <= before.length && byteView(before, from, to).equals(byteView(now, from, to))
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

const BLOCK_LINES = 2048

/** Some series' bytes, where each ends, and what they show. */
interface Block {
  readonly bytes: Buffer
  readonly ends: readonly number[]
  shown: Shown
}

const NOTHING: Block = {
  bytes: Buffer.alloc(0),
  ends: [],
  shown: { labels: [], values: new Float64Array(0), exemplars: undefined },
}

/** Where a block is written. There is one for all, since a block is finished before another is begun. */
class Draft {
  #room = Buffer.allocUnsafeSlow(2 ** 18)
  #length = 0
  #ends: number[] = []

  begin(): void {
    this.#length = 0
    this.#ends = []
  }

  /** Takes the series at `index` of another block. */
  copy({ bytes, ends }: Block, index: number): void {
    const begin = index === 0 ? 0 : ends[index - 1]!
    const end = ends[index]!
    this.#makeRoom(end - begin)
    this.#length += bytes.copy(this.#room, this.#length, begin, end)
    this.#ends.push(this.#length)
  }

  write(text: string): void {
    // The most that UTF-8 takes: three bytes for what is one unit of a string.
    this.#makeRoom(3 * text.length)
    this.#length += this.#room.write(text, this.#length)
    this.#ends.push(this.#length)
  }

  finish(): Pick<Block, 'bytes' | 'ends'> {
    return { bytes: Buffer.from(this.#room.subarray(0, this.#length)), ends: this.#ends }
  }

  #makeRoom(bytes: number): void {
    if (this.#length + bytes <= this.#room.length) return
    const larger = Buffer.allocUnsafeSlow(2 * (this.#length + bytes))
    this.#room.copy(larger, 0, 0, this.#length)
    this.#room = larger
  }
}

const DRAFT = new Draft()
