import { removeFile, replaceFile, statFile, writeNew } from '../files/files.ts'
import { encodeExemplar, MAX_EXEMPLAR_BYTES, MAX_EXEMPLARS, type StoredExemplar } from './exemplar.ts'

/** The exemplar of one bucket of a series, as long as it is among the newest of the store. */
export interface ExemplarNote {
  /** When the newest observed exemplar was recorded, whether or not it was stored. Unix seconds. */
  seenAt: number
  stored: StoredExemplar | undefined
}

/** The files of the store that are needed here. */
interface Paths {
  readonly values: string
  readonly exemplars: string
}

/**
 * The newest exemplars of one process's series, and the file from which other processes read them. Exemplars are best
 * effort: if the file cannot be written, no numbers are lost, and the exemplars end with the process.
 */
export class ExemplarBook {
  readonly #paths: () => Paths | undefined
  #notes = new Set<ExemplarNote>()
  #list: readonly StoredExemplar[] = []
  #changed = false
  #closed = false

  /** A store without files keeps them for its own process only. */
  constructor(paths: () => Paths | undefined) {
    this.#paths = paths
  }

  /** The newest exemplars, as of the last call of `settle`. */
  get list(): readonly StoredExemplar[] {
    return this.#list
  }

  /** Stores a newer exemplar in a note. */
  put(note: ExemplarNote, stored: StoredExemplar): void {
    note.stored = stored
    this.#notes.add(note)
    this.#changed = true
  }

  /**
   * Drops all but the newest exemplars. If they changed, writes them to the file as a whole. Throws the errors of the
   * file system; the next call then writes them again.
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

  /** Stops writing: the file is removed when the store is retired. */
  close(): void {
    this.#closed = true
  }

  #write(lines: readonly string[]): void {
    // If the store was retired while its owner hung, a file written now would never be removed.
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
