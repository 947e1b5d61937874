/**
 * A text that is being written, as bytes.
 *
 * Hot: of 10,000 histogram series with other numbers each is some 2 kB. A JavaScript string for each line, and one of
 * all, was twice the text in garbage; here nothing is made but where bytes do not suffice.
 * `npm run bench -- scrape` and `-- scale` measure it.
 */
export class Draft {
  #room = Buffer.allocUnsafeSlow(2 ** 18)
  #length = 0

  /** How many bytes it has. */
  get length(): number {
    return this.#length
  }

  /** Begins a new text in the same memory. */
  begin(): void {
    this.#length = 0
  }

  /** Adds text as UTF-8. */
  text(text: string): void {
    // The most that it takes: three bytes for what is one unit of a string.
    this.#makeRoom(3 * text.length)
    this.#length += this.#room.write(text, this.#length)
  }

  /** Adds a few bytes. */
  bytes(bytes: Uint8Array): void {
    const { length } = bytes
    this.#makeRoom(length)
    const room = this.#room
    const at = this.#length
    // Faster than a call to copy so few.
    for (let i = 0; i < length; i++) room[at + i] = bytes[i]!
    this.#length = at + length
  }

  /** Adds what stands from `begin` to before `end` of another text. */
  copy(from: Buffer, begin: number, end: number): void {
    this.#makeRoom(end - begin)
    this.#length += from.copy(this.#room, this.#length, begin, end)
  }

  /** Adds once more what it has itself from `begin` to before `end`. */
  again(begin: number, end: number): void {
    this.#makeRoom(end - begin)
    this.#room.copyWithin(this.#length, begin, end)
    this.#length += end - begin
  }

  /** Adds a number as all formats read it. */
  number(value: number): void {
    this.#makeRoom(MAX_NUMBER_BYTES)
    // Most are counts: the digits of one are written without a string.
    if (value >= 0 && value <= MAX_COUNT && Number.isInteger(value)) this.#count(value)
    else this.#ascii(numberText(value))
  }

  #count(value: number): void {
    let end = this.#length + 1
    for (let tens = 10; tens <= value; tens *= 10) end++
    this.#length = end
    const room = this.#room
    let rest = value
    do {
      const tenth = (rest / 10) | 0
      room[--end] = ZERO + rest - tenth * 10
      rest = tenth
    } while (rest > 0)
  }

  #ascii(text: string): void {
    const room = this.#room
    const at = this.#length
    for (let i = 0; i < text.length; i++) room[at + i] = text.charCodeAt(i)
    this.#length = at + text.length
  }

  /** Its bytes, until something is added. */
  view(): Buffer {
    return this.#room.subarray(0, this.#length)
  }

  #makeRoom(bytes: number): void {
    if (this.#length + bytes <= this.#room.length) return
    const larger = Buffer.allocUnsafeSlow(2 * (this.#length + bytes))
    this.#room.copy(larger, 0, 0, this.#length)
    this.#room = larger
  }
}

/** A number as all formats read it. */
export function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? '+Inf' : '-Inf'
}

/** The longest that a number reads: a sign, 17 digits, a point, `e-` and an exponent of three digits. */
const MAX_NUMBER_BYTES = 32
/** Above any 32-bit number a division could not be cut off so. */
const MAX_COUNT = 2 ** 31 - 1
const ZERO = 48
