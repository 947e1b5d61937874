import zlib from 'node:zlib'

/** CRC-32 as in gzip (RFC 1952, 8). Node provides it since 20.15 and 22.2; versions without it use a table. */
export const crc32: (bytes: Uint8Array) => number = zlib.crc32 ?? crcByTable

/**
 * The CRC-32 of two byte sequences one after the other, from the CRC-32 of each.
 *
 * A CRC is the remainder of a polynomial over GF(2) modulo the generator. Appending `length` bytes multiplies the
 * preceding polynomial by x to the power of 8 * length, so the CRC of the whole is crc(a) * x^(8 * length) + crc(b).
 * The method is that of zlib's `crc32_combine`.
 */
export function combinedCrc(before: number, after: number, length: number): number {
  return (product(powerOfX(8 * length), before) ^ after) >>> 0
}

/** The generator, with the coefficient of x^0 in the highest bit, as in all numbers here. */
const GENERATOR = 0xedb8_8320
const ONE = 0x8000_0000

/** x to the power of 2^i, for each bit of an exponent: computed on demand. */
const powers: number[] = [ONE >>> 1]

function powerOfX(exponent: number): number {
  let power = ONE
  for (let bit = 0, rest = exponent; rest > 0; bit++, rest = Math.floor(rest / 2)) {
    const factor = powers[bit]!
    if (rest % 2 === 1) power = product(power, factor)
    powers[bit + 1] ??= product(factor, factor)
  }
  return power
}

/** The product of two polynomials modulo the generator. */
function product(a: number, b: number): number {
  let sum = 0
  let shifted = b
  for (let bit = 31; bit >= 0; bit--) {
    if ((a >>> bit) & 1) sum ^= shifted
    // Multiply by x: a bit that is shifted out on the right is replaced by the generator.
    shifted = shifted & 1 ? (shifted >>> 1) ^ GENERATOR : shifted >>> 1
  }
  return sum >>> 0
}

export function crcByTable(bytes: Uint8Array): number {
  table ??= Array.from({ length: 256 }, (_, byte) => product(powerOfX(8), byte))
  let crc = 0xffff_ffff
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!
  return ~crc >>> 0
}

/** For each byte that is shifted out on the right, the value to add: the byte times x to the power of 8. */
let table: readonly number[] | undefined
