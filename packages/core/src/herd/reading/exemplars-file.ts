import type { Stats } from 'node:fs'
import { readShort, statFile } from '../../files/files.ts'
import type { Task } from '../../snapshot/task.ts'
import { decodeExemplar, MAX_EXEMPLAR_BYTES, MAX_EXEMPLARS, type StoredExemplar } from '../../store/exemplar.ts'

/**
 * Reads the exemplars of one store. Its owner always replaces the whole file, so an unchanged file has unchanged
 * content. Nothing here throws: an unreadable file means no exemplars, and affects no numbers.
 */
export class ExemplarsFile {
  readonly #path: string
  #list: readonly StoredExemplar[] = NONE
  /** The file that was read last. */
  #read: Stats | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** The current content of the file. */
  *read(): Task<readonly StoredExemplar[]> {
    const now = this.#stat()
    if (now !== undefined && this.#read !== undefined && isUnchanged(now, this.#read)) return this.#list
    this.#read = now
    this.#list = NONE
    if (now === undefined || !now.isFile() || now.size > MAX_EXEMPLAR_BYTES) return NONE
    const list: StoredExemplar[] = []
    for (const line of this.#text().split('\n', MAX_EXEMPLARS)) {
      const exemplar = decodeExemplar(line)
      if (exemplar !== undefined) list.push(exemplar)
      if (list.length % LINES_PER_STEP === 0) yield
    }
    this.#list = list
    return list
  }

  #stat(): Stats | undefined {
    try {
      return statFile(this.#path)
    } catch {
      return undefined
    }
  }

  #text(): string {
    try {
      return readShort(this.#path, MAX_EXEMPLAR_BYTES).bytes.toString()
    } catch {
      return ''
    }
  }
}

const NONE: readonly StoredExemplar[] = []
const LINES_PER_STEP = 64

function isUnchanged(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.mtimeMs === b.mtimeMs && a.size === b.size
}
