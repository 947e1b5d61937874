/** Bytes in chunks: copying 20 MB into one buffer would block the event loop for longer than sending them. */
export interface Bytes {
  readonly pieces: readonly Buffer[]
  readonly length: number
}

export function bytesOf(pieces: readonly Buffer[]): Bytes {
  return { pieces, length: pieces.reduce((sum, piece) => sum + piece.length, 0) }
}

/** Joins small buffers, since each chunk is sent separately; a large buffer stays the same object. */
export function* gathered(buffers: Iterable<Buffer>): Generator<Buffer> {
  let small: Buffer[] = []
  let length = 0
  for (const buffer of buffers) {
    if (buffer.length < SMALL_BYTES) {
      small.push(buffer)
      length += buffer.length
      if (length < PIECE_BYTES) continue
    }
    if (length > 0) yield Buffer.concat(small, length)
    if (buffer.length >= SMALL_BYTES) yield buffer
    small = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(small, length)
}

const SMALL_BYTES = 2 ** 14
const PIECE_BYTES = 2 ** 16
