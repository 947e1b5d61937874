import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip } from 'node:zlib'
import { TextEncoder004 } from '../exposition/text.ts'
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'
import { inTurns, type Steps } from '../snapshot/steps.ts'

/** Snapshots as bytes to send: one at a time, shared by all who ask meanwhile. */
export class Renderer {
  readonly #source: SnapshotSource
  readonly #beforeSnapshot: () => Promise<void>
  readonly #encoder = new TextEncoder004()
  #underway: Promise<Rendering> | undefined

  constructor(source: SnapshotSource, beforeSnapshot: () => Promise<void>) {
    this.#source = source
    this.#beforeSnapshot = beforeSnapshot
  }

  /** Rejects where the snapshot cannot be taken. */
  render(): Promise<Rendering> {
    this.#underway ??= this.#render().finally(() => {
      this.#underway = undefined
    })
    return this.#underway
  }

  async #render(): Promise<Rendering> {
    await this.#beforeSnapshot()
    return inTurns(this.#write(await this.#source.snapshot()))
  }

  *#write(snapshot: Snapshot): Steps<Rendering> {
    const pieces: Buffer[] = []
    for (const piece of this.#encoder.encode(snapshot)) {
      pieces.push(piece)
      yield
    }
    return new Rendering(snapshot, pieces)
  }
}

/** One snapshot and its text, in pieces that all who read it share. */
export class Rendering {
  readonly snapshot: Snapshot
  readonly text: Bytes
  #gzipped: Promise<Bytes> | undefined

  constructor(snapshot: Snapshot, pieces: readonly Buffer[]) {
    this.snapshot = snapshot
    this.text = bytesOf(pieces)
  }

  /** True where packing saves more than it costs. */
  get isWorthPacking(): boolean {
    return this.text.length >= LEAST_TO_PACK
  }

  /** The text packed, once for all who want it, on a thread of its own. */
  gzipped(): Promise<Bytes> {
    this.#gzipped ??= pack(this.text)
    return this.#gzipped
  }
}

/** Bytes in pieces: to put 20 MB into one buffer would hold up the event loop for longer than it takes to send them. */
export interface Bytes {
  readonly pieces: readonly Buffer[]
  readonly length: number
}

function bytesOf(pieces: readonly Buffer[]): Bytes {
  return { pieces, length: pieces.reduce((sum, piece) => sum + piece.length, 0) }
}

async function pack({ pieces }: Bytes): Promise<Bytes> {
  const packed: Buffer[] = []
  const gzip = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: PACKED_PIECE_BYTES })
  await pipeline(Readable.from(pieces), gzip, async packing => {
    for await (const piece of packing) packed.push(piece)
  })
  return bytesOf(packed)
}

/** What fits into one packet is not worth packing. */
const LEAST_TO_PACK = 1400
const PACKED_PIECE_BYTES = 2 ** 16
