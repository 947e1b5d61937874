import { closeSync, readSync, type Stats, statSync } from 'node:fs'
import type { Steps } from '../snapshot/steps.ts'
import { decodeExemplar, MAX_EXEMPLAR_BYTES, MAX_EXEMPLARS, type StoredExemplar } from '../store/exemplar.ts'
import { openToRead } from './files.ts'

/**
 * Reads the exemplars of one store. Its owner replaces the whole file, so one that is the same file as before says what
 * it said before. Nothing here throws: what cannot be read are no exemplars, and harms no number.
 */
export class ExemplarsFile {
  readonly #path: string
  #list: readonly StoredExemplar[] = NONE
  /** Which file was read last. */
  #read: Stats | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** What the file has now. */
  *read(): Steps<readonly StoredExemplar[]> {
    const now = this.#look()
    if (now !== undefined && this.#read !== undefined && isSame(now, this.#read)) return this.#list
    this.#read = now
    this.#list = NONE
    if (now === undefined || !now.isFile() || now.size > MAX_EXEMPLAR_BYTES) return NONE
    const list: StoredExemplar[] = []
    for (const line of this.#text(now.size).split('\n', MAX_EXEMPLARS)) {
      const exemplar = decodeExemplar(line)
      if (exemplar !== undefined) list.push(exemplar)
      if (list.length % LINES_A_STEP === 0) yield
    }
    this.#list = list
    return list
  }

  #look(): Stats | undefined {
    try {
      return statSync(this.#path, { throwIfNoEntry: false })
    } catch {
      return undefined
    }
  }

  #text(bytes: number): string {
    try {
      const fd = openToRead(this.#path)
      try {
        const buffer = Buffer.alloc(bytes)
        return buffer.toString('utf8', 0, readSync(fd, buffer, 0, bytes, 0))
      } finally {
        closeSync(fd)
      }
    } catch {
      return ''
    }
  }
}

const NONE: readonly StoredExemplar[] = []
const LINES_A_STEP = 64

function isSame(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.mtimeMs === b.mtimeMs && a.size === b.size
}
