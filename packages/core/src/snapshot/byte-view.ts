/** The bytes of the numbers from `begin` to before `end`, without a copy: whole ranges are compared as such. */
export function byteView({ buffer, byteOffset }: Float64Array, begin: number, end: number): Buffer {
  return Buffer.from(buffer, byteOffset + 8 * begin, 8 * (end - begin))
}
