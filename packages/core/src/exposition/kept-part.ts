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
 * The bytes of one part as they were last written, in blocks of some hundred series, with the labels and numbers that
 * they show. A block in which all stood still is the same buffer again; of any other what stood still is copied.
 * Nothing is written into a buffer that was handed out.
 */
export class KeptPart {
  readonly #width: number
  /** How many series a block has: about a millisecond of work when all of them are new. */
  readonly #size: number
  readonly #labels: (readonly string[])[] = []
  readonly #inner: string[] = []
  readonly #blocks: Block[] = []
  #numbers = new Float64Array(0)
  /** The exemplars that the bytes show; undefined where they never showed any. */
  #exemplars: Map<number, Exemplars> | undefined

  constructor({ width, lines }: Part) {
    this.#width = width
    this.#size = Math.max(1, Math.floor(BLOCK_LINES / lines))
  }

  /** The bytes of all series, made block by block as they are asked for. */
  *encode(part: Part): Generator<Buffer> {
    const count = part.labels.length
    this.#resize(count)
    for (let begin = 0; begin < count; begin += this.#size) {
      yield this.#encodeBlock(part, begin, Math.min(begin + this.#size, count))
    }
  }

  /** Makes room for `count` series, and forgets those after them. */
  #resize(count: number): void {
    if (count < this.#labels.length) {
      this.#labels.length = count
      this.#inner.length = count
      this.#blocks.length = Math.ceil(count / this.#size)
    }
    if (count * this.#width <= this.#numbers.length) return
    const larger = new Float64Array(count * this.#width)
    larger.set(this.#numbers)
    this.#numbers = larger
  }

  #encodeBlock(part: Part, begin: number, end: number): Buffer {
    const old = this.#blocks[begin / this.#size] ?? NOTHING
    let i = begin
    while (i < end && this.#stoodStill(part, i)) i++
    if (i === end && old.ends.length === end - begin) return old.bytes
    DRAFT.begin(old, i - begin)
    for (; i < end; i++) {
      if (this.#stoodStill(part, i)) DRAFT.copy(old, i - begin)
      else DRAFT.write(this.#write(part, i))
    }
    const block = DRAFT.finish()
    this.#blocks[begin / this.#size] = block
    return block.bytes
  }

  /** True where the series at `i` has the labels, numbers and exemplars that its bytes show. */
  #stoodStill({ labels, values, exemplars }: Part, i: number): boolean {
    if (this.#labels[i] !== labels[i]) return false
    const numbers = this.#numbers
    const at = i * this.#width
    for (let slot = at; slot < at + this.#width; slot++) if (numbers[slot] !== values[slot]) return false
    if (exemplars === undefined && this.#exemplars === undefined) return true
    return isSame(exemplars?.get(i), this.#exemplars?.get(i))
  }

  #write({ labels, values, labelText, write, exemplars }: Part, i: number): string {
    if (this.#labels[i] !== labels[i]) {
      this.#labels[i] = labels[i]!
      this.#inner[i] = labelText(labels[i]!)
    }
    const at = i * this.#width
    for (let slot = at; slot < at + this.#width; slot++) this.#numbers[slot] = values[slot]!
    const inner = this.#inner[i]!
    if (exemplars === undefined && this.#exemplars === undefined) return write(inner, values, at)
    return write(inner, values, at, this.#note(i, exemplars?.get(i)))
  }

  /** Remembers which exemplars the bytes of a series are going to show, and answers them. */
  #note(i: number, exemplars: Exemplars | undefined): Exemplars | undefined {
    this.#exemplars ??= new Map()
    if (exemplars === undefined) this.#exemplars.delete(i)
    else this.#exemplars.set(i, exemplars)
    return exemplars
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

/** Some series' bytes, and where each ends. */
interface Block {
  readonly bytes: Buffer
  readonly ends: readonly number[]
}

const NOTHING: Block = { bytes: Buffer.alloc(0), ends: [] }

/** Where a block is written. There is one for all, since a block is finished before another is begun. */
class Draft {
  #room = Buffer.allocUnsafeSlow(2 ** 18)
  #length = 0
  #ends: number[] = []

  /** Begins with the first `count` series of another block. */
  begin({ bytes, ends }: Block, count: number): void {
    const length = count === 0 ? 0 : ends[count - 1]!
    this.#ends = ends.slice(0, count)
    this.#length = 0
    this.#makeRoom(length)
    this.#length = bytes.copy(this.#room, 0, 0, length)
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

  finish(): Block {
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
