import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Steps } from '../snapshot/steps.ts'
import type { Encoder } from './encoder.ts'

/** Bytes in pieces: to put 20 MB into one buffer would hold up the event loop for longer than it takes to send them. */
export interface Bytes {
  readonly pieces: readonly Buffer[]
  readonly length: number
}

export function bytesOf(pieces: readonly Buffer[]): Bytes {
  return { pieces, length: pieces.reduce((sum, piece) => sum + piece.length, 0) }
}

/** The text of a snapshot, one piece a step. */
export function* write(snapshot: Snapshot, encoder: Encoder): Steps<Bytes> {
  const pieces: Buffer[] = []
  for (const piece of encoder.encode(snapshot)) {
    pieces.push(piece)
    yield
  }
  return bytesOf(pieces)
}
