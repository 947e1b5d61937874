/** The bytes of the numbers from `begin` to before `end`, without a copy: whole ranges are compared as such. */
export function byteView({ buffer, byteOffset }: Float64Array, begin: number, end: number): Buffer {
  return Buffer.from(buffer, byteOffset + 8 * begin, 8 * (end - begin))
}

/** True where the two arrays are of one length and have the same bits: a NaN is equal to itself, 0 and -0 are two. */
export function hasSameBytes(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && byteView(a, 0, a.length).equals(byteView(b, 0, b.length))
}
