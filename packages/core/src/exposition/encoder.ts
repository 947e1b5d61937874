import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Steps } from '../snapshot/steps.ts'
import { type Bytes, bytesOf, gathered } from './bytes.ts'
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
 * Where somebody says of each text when nobody reads it any more, what is new is written where the old was: else each
 * scrape would leave a megabyte or two behind that only a full collection takes, every few scrapes.
 *
 * The work is done piece by piece as the caller asks for pieces, so that it can let others have the event loop in
 * between. `npm run bench -- scale` measures all of it.
 */
export class Encoder {
  readonly #format: Format
  #kept = new Map<string, KeptPart>()
  /** How many texts are being made or read. */
  #texts = 0
  readonly #isOnly = (): boolean => this.#texts === 1

  constructor(format: Format) {
    this.#format = format
  }

  /**
   * The snapshot in pieces of bounded size, each made when it is asked for. A piece ends with a whole line. Nobody may
   * write into one: it is the same in the next encoding where nothing in it has changed. All stay as they are until
   * `release` was called for this text and every other.
   */
  *encode(snapshot: Snapshot): Generator<Buffer> {
    this.#texts++
    const kept = new Map<string, KeptPart>()
    for (const { head, parts } of this.#format(snapshot)) {
      yield Buffer.from(head)
      for (const part of parts) {
        const own = this.#kept.get(part.key) ?? new KeptPart()
        kept.set(part.key, own)
        yield* own.encode(part, this.#isOnly)
      }
    }
    this.#kept = kept
  }

  /** Says of one text that was made that nobody reads it any more. */
  release(): void {
    this.#texts--
  }
}

/** The text of a snapshot, to be sent: made one piece a step, of which small ones are put together. */
export function* write(snapshot: Snapshot, encoder: Encoder): Steps<Bytes> {
  const pieces: Buffer[] = []
  for (const piece of encoder.encode(snapshot)) {
    pieces.push(piece)
    yield
  }
  return bytesOf([...gathered(pieces)])
}
