import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip } from 'node:zlib'
import { type Bytes, bytesOf, write } from '../exposition/bytes.ts'
import { TextEncoder004 } from '../exposition/text.ts'
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'
import { inTurns } from '../snapshot/steps.ts'

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
    const snapshot = await this.#source.snapshot()
    return new Rendering(snapshot, await inTurns(write(snapshot, this.#encoder)))
  }
}

/** One snapshot and its text, in pieces that all who read it share. */
export class Rendering {
  readonly snapshot: Snapshot
  readonly text: Bytes
  #gzipped: Promise<Bytes> | undefined

  constructor(snapshot: Snapshot, text: Bytes) {
    this.snapshot = snapshot
    this.text = text
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
