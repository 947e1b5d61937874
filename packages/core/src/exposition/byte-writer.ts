/**
 * Writes text as bytes.
 *
 * Hot path: each of 10,000 histogram series with changed numbers is about 2 kB. One JavaScript string per line plus one
 * for the whole produced garbage of twice the text's size; here strings are created only where bytes are not enough.
 * `npm run bench -- scrape` and `-- scale` measure it.
 */
export class ByteWriter {
  #room = Buffer.allocUnsafeSlow(2 ** 18)
  #length = 0

  /** The number of bytes written. */
  get length(): number {
    return this.#length
  }

  /** Begins a new text in the same memory. */
  begin(): void {
    this.#length = 0
  }

  /** Adds a string as UTF-8. */
  text(text: string): void {
    // The maximum: three bytes for each UTF-16 unit.
    this.#makeRoom(3 * text.length)
    this.#length += this.#room.write(text, this.#length)
  }

  /** Adds a few bytes. */
  bytes(bytes: Uint8Array): void {
    const { length } = bytes
    this.#makeRoom(length)
    const room = this.#room
    const at = this.#length
    // For so few bytes, a loop is faster than a copy call.
    for (let i = 0; i < length; i++) room[at + i] = bytes[i]!
    this.#length = at + length
  }

  /** Adds the bytes from `begin` to before `end` of another text. */
  copy(from: Buffer, begin: number, end: number): void {
    this.#makeRoom(end - begin)
    this.#length += from.copy(this.#room, this.#length, begin, end)
  }

  /** Repeats its own bytes from `begin` to before `end`. */
  again(begin: number, end: number): void {
    this.#makeRoom(end - begin)
    this.#room.copyWithin(this.#length, begin, end)
    this.#length += end - begin
  }

  /** Adds a number in the notation that all formats share. */
  number(value: number): void {
    this.#makeRoom(MAX_NUMBER_BYTES)
    // Most numbers are counts: their digits are written without a string.
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

  /** The bytes written, valid until more are added. */
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

/** A number in the notation that all formats share. */
export function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? '+Inf' : '-Inf'
}

/** The maximum length of a number: a sign, 17 digits, a point, `e-` and an exponent of three digits. */
const MAX_NUMBER_BYTES = 32
/** The division in `#count` truncates correctly only for 32-bit numbers. */
const MAX_COUNT = 2 ** 31 - 1
const ZERO = 48
