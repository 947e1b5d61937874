import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import { TextEncoder004 } from '../exposition/text.ts'
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'

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
    const pieces: Buffer[] = []
    let since = performance.now()
    for (const text of this.#encoder.encode(snapshot)) {
      pieces.push(Buffer.from(text))
      if (performance.now() - since < TURN_MS) continue
      await nextTurn()
      since = performance.now()
    }
    return new Rendering(snapshot, Buffer.concat(pieces))
  }
}

/** One snapshot and its text. */
export class Rendering {
  readonly snapshot: Snapshot
  readonly text: Buffer
  #gzipped: Promise<Buffer> | undefined

  constructor(snapshot: Snapshot, text: Buffer) {
    this.snapshot = snapshot
    this.text = text
  }

  /** True where packing saves more than it costs. */
  get isWorthPacking(): boolean {
    return this.text.length >= LEAST_TO_PACK
  }

  /** The text packed, once for all who want it, on a thread of its own. */
  gzipped(): Promise<Buffer> {
    this.#gzipped ??= pack(this.text, { level: constants.Z_BEST_SPEED })
    return this.#gzipped
  }
}

/** How long the event loop may be held before others have it. */
const TURN_MS = 5
/** What fits into one packet is not worth packing. */
const LEAST_TO_PACK = 1400

const pack = promisify(gzip) as (data: Buffer, options: { level: number }) => Promise<Buffer>
