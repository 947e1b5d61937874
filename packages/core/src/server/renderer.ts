import type { Bytes } from '../exposition/bytes.ts'
import { type Encoder, write } from '../exposition/encoder.ts'
import { GzipPacker, LEAST_TO_PACK } from '../exposition/gzip.ts'
import type { FormatName } from '../exposition/negotiate.ts'
import { OPENMETRICS_CONTENT_TYPE, OpenMetricsEncoder } from '../exposition/openmetrics.ts'
import { TEXT_CONTENT_TYPE, TextEncoder004 } from '../exposition/text.ts'
import type { Snapshot, SnapshotSource } from '../snapshot/snapshot.ts'
import { runCooperatively } from '../snapshot/task.ts'

/**
 * Renders snapshots as bytes. Concurrent readers of a format share one rendering. Each reader reports when it is done, so
 * that the memory can be reused.
 */
export class Renderer {
  readonly #source: SnapshotSource
  readonly #beforeSnapshot: () => Promise<void>
  /** An unused encoder keeps nothing. */
  readonly #encoders: Readonly<Record<FormatName, Encoder>> = {
    text: new TextEncoder004(),
    openmetrics: new OpenMetricsEncoder(),
  }
  readonly #packer = new GzipPacker()
  readonly #underway = new Map<FormatName, Underway>()

  constructor(source: SnapshotSource, beforeSnapshot: () => Promise<void>) {
    this.#source = source
    this.#beforeSnapshot = beforeSnapshot
  }

  /** Each caller must call `leave` on the result. Rejects if the snapshot cannot be taken. */
  render(format: FormatName): Promise<Rendering> {
    let underway = this.#underway.get(format)
    if (underway === undefined) {
      const readers = { count: 0 }
      const rendering = this.#render(format, readers).finally(() => this.#underway.delete(format))
      underway = { readers, rendering }
      this.#underway.set(format, underway)
    }
    underway.readers.count++
    return underway.rendering
  }

  async #render(format: FormatName, readers: Readers): Promise<Rendering> {
    await this.#beforeSnapshot()
    const snapshot = await this.#source.snapshot()
    const encoder = this.#encoders[format]
    const text = await runCooperatively(write(snapshot, encoder))
    const leave = () => {
      if (--readers.count === 0) encoder.release()
    }
    return new Rendering(snapshot, CONTENT_TYPES[format], text, this.#packer, leave)
  }
}

/** The readers of one rendering that have not left it. */
interface Readers {
  count: number
}

interface Underway {
  readonly readers: Readers
  readonly rendering: Promise<Rendering>
}

const CONTENT_TYPES: Readonly<Record<FormatName, string>> = {
  text: TEXT_CONTENT_TYPE,
  openmetrics: OPENMETRICS_CONTENT_TYPE,
}

/** One snapshot and its text, in chunks that all readers share. */
export class Rendering {
  readonly snapshot: Snapshot
  readonly contentType: string
  readonly text: Bytes
  /** Each reader calls this once, when it reads nothing of the rendering any more. */
  readonly leave: () => void
  readonly #packer: GzipPacker
  #gzipped: Promise<Bytes> | undefined

  constructor(snapshot: Snapshot, contentType: string, text: Bytes, packer: GzipPacker, leave: () => void) {
    this.snapshot = snapshot
    this.contentType = contentType
    this.text = text
    this.#packer = packer
    this.leave = leave
  }

  /** True if compression saves more than it costs. */
  get isWorthPacking(): boolean {
    return this.text.length >= LEAST_TO_PACK
  }

  /** The compressed text, computed once for all readers. */
  gzipped(): Promise<Bytes> {
    this.#gzipped ??= this.#packer.pack(this.text)
    return this.#gzipped
  }
}
