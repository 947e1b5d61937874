/** Bytes in pieces: to put 20 MB into one buffer would hold up the event loop for longer than it takes to send them. */
export interface Bytes {
  readonly pieces: readonly Buffer[]
  readonly length: number
}

export function bytesOf(pieces: readonly Buffer[]): Bytes {
  return { pieces, length: pieces.reduce((sum, piece) => sum + piece.length, 0) }
}

/**
 * Puts small buffers together, since each piece is sent by itself; a large one stays the object that it is. Where
 * `known` is kept, buffers that come together again are the same piece again, and what changes in one group moves
 * none of the others.
 */
export function gathered(buffers: readonly Buffer[], known: Groups = new WeakMap()): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < buffers.length; ) {
    const group = knownAt(at, buffers, known) ?? newAt(at, buffers, known)
    pieces.push(group.piece)
    at += group.buffers.length
  }
  return pieces
}

/** What was put together, by the first buffer of each. */
export type Groups = WeakMap<Buffer, Group>

interface Group {
  readonly buffers: readonly Buffer[]
  readonly piece: Buffer
}

function knownAt(at: number, buffers: readonly Buffer[], known: Groups): Group | undefined {
  const group = known.get(buffers[at]!)
  return group?.buffers.every((buffer, i) => buffer === buffers[at + i]) ? group : undefined
}

function newAt(at: number, buffers: readonly Buffer[], known: Groups): Group {
  const first = buffers[at]!
  if (first.length >= SMALL_BYTES) return { buffers: [first], piece: first }
  let end = at + 1
  for (let length = first.length; length < PIECE_BYTES && end < buffers.length; end++) {
    const next = buffers[end]!
    if (next.length >= SMALL_BYTES || known.has(next)) break
    length += next.length
  }
  const group = { buffers: buffers.slice(at, end), piece: Buffer.concat(buffers.slice(at, end)) }
  known.set(first, group)
  return group
}

const SMALL_BYTES = 2 ** 14
const PIECE_BYTES = 2 ** 16
