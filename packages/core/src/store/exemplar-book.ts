import { encodeExemplar, MAX_EXEMPLAR_BYTES, MAX_EXEMPLARS, type StoredExemplar } from './exemplar.ts'
import { removeFile, replaceFile, statFile, writeNew } from './files.ts'

/** Where one bucket of a series has its exemplar, for as long as that is among the newest of the store. */
export interface ExemplarNote {
  /** When the newest that was seen was given, whatever became of it. Unix seconds. */
  seenAt: number
  stored: StoredExemplar | undefined
}

/** The files of the store, as far as they matter here. */
interface Paths {
  readonly values: string
  readonly exemplars: string
}

/**
 * The newest exemplars of one process's series, and the file that tells others of them. They are hints: a file that
 * cannot be written takes none of the numbers with it, and they go with the process.
 */
export class ExemplarBook {
  readonly #paths: () => Paths | undefined
  #notes = new Set<ExemplarNote>()
  #list: readonly StoredExemplar[] = []
  #changed = false
  #closed = false

  /** A store without files keeps them for its own process. */
  constructor(paths: () => Paths | undefined) {
    this.#paths = paths
  }

  /** The newest, as they were when they were last settled. */
  get list(): readonly StoredExemplar[] {
    return this.#list
  }

  /** Writes a newer exemplar into a note. */
  put(note: ExemplarNote, stored: StoredExemplar): void {
    note.stored = stored
    this.#notes.add(note)
    this.#changed = true
  }

  /**
   * Lets go of all but the newest, and writes those if they are others than before: once, and whole. Throws what the
   * file system throws, and writes them the next time then.
   */
  settle(): void {
    if (!this.#changed || this.#closed) return
    const newest = [...this.#notes].sort((a, b) => b.seenAt - a.seenAt)
    const lines: string[] = []
    const list: StoredExemplar[] = []
    let bytes = 0
    for (const note of newest) {
      const line = `${encodeExemplar(note.stored!)}\n`
      bytes += Buffer.byteLength(line)
      if (list.length === MAX_EXEMPLARS || bytes > MAX_EXEMPLAR_BYTES) break
      lines.push(line)
      list.push(note.stored!)
    }
    for (const note of newest.slice(list.length)) note.stored = undefined
    this.#notes = new Set(newest.slice(0, list.length))
    this.#list = list
    this.#write(lines)
    this.#changed = false
  }

  /** Writes no more: whoever retires the store removes the file. */
  close(): void {
    this.#closed = true
  }

  #write(lines: readonly string[]): void {
    // A store that was retired while its owner hung has no file that anybody would ever remove again.
    const paths = this.#paths()
    if (paths === undefined || statFile(paths.values) === undefined) return
    const draft = `${paths.exemplars}.draft`
    removeFile(draft)
    writeNew(draft, lines.join(''))
    try {
      replaceFile(draft, paths.exemplars)
    } catch (error) {
      removeFile(draft)
      throw error
    }
  }
}
