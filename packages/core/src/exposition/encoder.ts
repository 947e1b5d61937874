import type { Snapshot } from '../snapshot/snapshot.ts'
import { KeptPart, type Part } from './kept-part.ts'

/** What a format makes of a snapshot: section after section, of which each is a head and the series below it. */
export type Format = (snapshot: Snapshot) => Iterable<Section>

export interface Section {
  readonly head: string
  readonly parts: readonly Part[]
}

/**
 * Encodes snapshots in one format; keep one for as long as snapshots of the same source come.
 *
 * Hot: 10,000 histogram series are 20 MB of text. Between two scrapes most series stand still, so the bytes of each
 * are kept and sent again while its labels (the snapshot hands out the same arrays each time) and its numbers are the
 * same. What is kept is the last text, one copy of its numbers, and nothing of series or families that are gone.
 *
 * The work is done piece by piece as the caller asks for pieces, so that it can let others have the event loop in
 * between. `npm run bench -- scale` measures all of it.
 */
export class Encoder {
  readonly #format: Format
  #kept = new Map<string, KeptPart>()

  constructor(format: Format) {
    this.#format = format
  }

  /**
   * The snapshot in pieces of bounded size, each made when it is asked for. A piece ends with a whole line. Nobody may
   * write into one: it is the same in the next encoding where nothing in it has changed.
   */
  encode(snapshot: Snapshot): Iterable<Buffer> {
    return gathered(this.#blocks(snapshot))
  }

  *#blocks(snapshot: Snapshot): Generator<Buffer> {
    const kept = new Map<string, KeptPart>()
    for (const { head, parts } of this.#format(snapshot)) {
      yield Buffer.from(head)
      for (const part of parts) {
        const own = this.#kept.get(part.key) ?? new KeptPart(part)
        kept.set(part.key, own)
        yield* own.encode(part)
      }
    }
    this.#kept = kept
  }
}

/** Puts small buffers together, since each piece is sent by itself; a large one stays the object that it is. */
function* gathered(buffers: Iterable<Buffer>): Generator<Buffer> {
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
