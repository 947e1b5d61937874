/** The bytes of the numbers from `begin` to before `end`, without a copy, so that whole ranges can be compared. */
export function byteView({ buffer, byteOffset }: Float64Array, begin: number, end: number): Buffer {
  return Buffer.from(buffer, byteOffset + 8 * begin, 8 * (end - begin))
}

/** True if the arrays have the same length and the same bits: a NaN equals itself, 0 and -0 differ. */
export function hasSameBytes(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && byteView(a, 0, a.length).equals(byteView(b, 0, b.length))
}
