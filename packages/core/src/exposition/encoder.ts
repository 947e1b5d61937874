import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Task } from '../snapshot/task.ts'
import { type Bytes, bytesOf, gathered } from './bytes.ts'
import { CachedSection, type Section } from './cached-section.ts'

/** Converts a snapshot to text: for each family a head, and the sections below it. */
export type Format = (snapshot: Snapshot) => Iterable<FamilyText>

/** The text of one family. */
export interface FamilyText {
  /** The lines before its samples. */
  readonly head: string
  readonly sections: readonly Section[]
}

/**
 * Encodes snapshots in one format; keep one encoder for all snapshots of the same source.
 *
 * Hot path: 10,000 histogram series are 20 MB of text. Most series do not change between two scrapes, so their bytes
 * are cached and sent again as long as their labels (the snapshot returns the same arrays each time) and their numbers
 * are the same. It caches the last text and one copy of its numbers, and nothing of removed series or families. If the
 * caller releases each text after use, changed sections are written over the old ones: otherwise each scrape would leave
 * one or two megabytes that only a full garbage collection frees, every few scrapes.
 *
 * The work is done chunk by chunk as the caller requests chunks, so that the caller can return to the event loop in
 * between. `npm run bench -- scale` measures all of it.
 */
export class Encoder {
  readonly #format: Format
  #sections = new Map<string, CachedSection>()
  /** The number of texts that are being written or read. */
  #texts = 0
  readonly #isOnly = (): boolean => this.#texts === 1

  constructor(format: Format) {
    this.#format = format
  }

  /**
   * Encodes the snapshot in chunks of bounded size, each created on request. A chunk ends with a complete line. Chunks
   * must not be modified: an unchanged one is reused in the next encoding. All chunks stay valid until `release` was
   * called for this text and every other.
   */
  *encode(snapshot: Snapshot): Generator<Buffer> {
    this.#texts++
    const current = new Map<string, CachedSection>()
    for (const { head, sections } of this.#format(snapshot)) {
      yield Buffer.from(head)
      for (const section of sections) {
        const own = this.#sections.get(section.key) ?? new CachedSection()
        current.set(section.key, own)
        yield* own.encode(section, this.#isOnly)
      }
    }
    this.#sections = current
  }

  /** Releases one text after its last use. */
  release(): void {
    this.#texts--
  }
}

/** The text of a snapshot, ready to be sent: one chunk per step, with small chunks joined. */
export function* write(snapshot: Snapshot, encoder: Encoder): Task<Bytes> {
  const pieces: Buffer[] = []
  for (const piece of encoder.encode(snapshot)) {
    pieces.push(piece)
    yield
  }
  return bytesOf([...gathered(pieces)])
}
