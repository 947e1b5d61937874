import { closeSync, fstatSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createDraft, openFile, removeFile, replaceFile, statFile, writeWhole } from '../../files/files.ts'
import type { Task } from '../../snapshot/task.ts'
import { CatalogWriter } from '../../store/catalog.ts'
import { RETIRED_CATALOG, RETIRED_VALUES } from '../directory/directory.ts'
import { StoreReader } from '../reading/reader.ts'
import type { NewName } from './retired-totals.ts'

/**
 * The two files of the retired totals. The leader of the directory holds both open: if they or the whole directory are
 * removed, it writes them again. All methods throw the errors of the file system.
 */
export class RetiredFiles {
  readonly #values: string
  readonly #draft: string
  readonly #catalog: string
  readonly #directory: string
  /** The files that were read or written last. */
  #held: Held | undefined

  constructor(directory: string) {
    this.#directory = directory
    this.#values = join(directory, RETIRED_VALUES)
    this.#draft = `${this.#values}.draft`
    this.#catalog = join(directory, RETIRED_CATALOG)
  }

  /** Opens the existing files; undefined if nothing was ever committed. */
  open(): StoreReader | undefined {
    this.dropDraft()
    this.restore()
    if (statFile(this.#values) === undefined) {
      // Names without totals: their first commit never completed, and no process reads them.
      removeFile(this.#catalog)
      return undefined
    }
    const reader = openFiles(this.#directory)
    this.#hold()
    return reader
  }

  /** Writes the files again if they were removed, from the open files or from those of `reader`. */
  restore(reader?: StoreReader): void {
    const held = this.#held ?? reader?.files
    if (held === undefined) return
    const values = statFile(this.#values)
    const isCatalogLost = statFile(this.#catalog) === undefined
    const isWhole = values !== undefined && !isCatalogLost
    // Values of another leader belong to its own names.
    if (isWhole || (values !== undefined && values.ino !== fstatSync(held.values).ino)) return
    if (isCatalogLost) copy(held.catalog, this.#catalog)
    if (values === undefined) copy(held.values, this.#values)
    this.#hold()
  }

  get nameBytes(): number {
    return statFile(this.#catalog)?.size ?? 0
  }

  /** Names are written before numbers: a name without a number is harmless, a number without a name is lost. */
  *writeNames(lines: readonly NewName[]): Task<void> {
    if (lines.length === 0 && statFile(this.#catalog) !== undefined) return
    const catalog = CatalogWriter.resume(this.#catalog)
    try {
      for (let begin = 0; begin < lines.length; begin += NAMES_PER_WRITE) {
        if (begin > 0) yield
        if (!catalog.appendAll(lines.slice(begin, begin + NAMES_PER_WRITE))) {
          throw new Error('the names of the retired totals could not be written')
        }
      }
    } finally {
      catalog.close()
    }
  }

  /** Writes the numbers, one part after the other, and replaces the last file atomically. */
  *commit(parts: readonly Float64Array[]): Task<void> {
    let values: number | undefined = createDraft(this.#draft)
    let catalog: number | undefined
    try {
      for (const part of parts) yield* write(values, part)
      catalog = openFile(this.#catalog)
      yield
      // A leader that was wrongly taken to have exited must not overwrite the totals of the next.
      if (statFile(this.#values)?.ino !== (this.#held && fstatSync(this.#held.values).ino)) {
        throw new Error('another leader has written the totals')
      }
      replaceFile(this.#draft, this.#values)
      this.close()
      this.#held = { values, catalog }
      values = undefined
      catalog = undefined
    } finally {
      if (values !== undefined) closeSync(values)
      if (catalog !== undefined) closeSync(catalog)
    }
  }

  /** An incomplete draft would use space on a full disk. */
  dropDraft(): void {
    removeFile(this.#draft)
  }

  close(): void {
    if (this.#held === undefined) return
    closeSync(this.#held.values)
    closeSync(this.#held.catalog)
    this.#held = undefined
  }

  #hold(): void {
    const values = openFile(this.#values)
    let catalog: number
    try {
      catalog = openFile(this.#catalog)
    } catch (error) {
      closeSync(values)
      throw error
    }
    this.close()
    this.#held = { values, catalog }
  }
}

interface Held {
  readonly values: number
  readonly catalog: number
}

/** Opens the retired totals for reading; undefined if they do not exist or cannot be read. */
export function openRetired(directory: string): StoreReader | undefined {
  try {
    return openFiles(directory)
  } catch {
    return undefined
  }
}

function openFiles(directory: string): StoreReader {
  const files = { values: join(directory, RETIRED_VALUES), catalog: join(directory, RETIRED_CATALOG) }
  return new StoreReader({ worker: 0, id: 0, base: 'retired' }, { ...files, worker: undefined, isAlwaysHeld: true })
}

/** Copies an open file, even if it was unlinked, and gives the copy its name once it is complete. */
function copy(from: number, path: string): void {
  const draft = `${path}.draft`
  const to = createDraft(draft)
  try {
    const piece = Buffer.allocUnsafe(PIECE_BYTES)
    for (let done = 0; ; ) {
      const read = readSync(from, piece, 0, piece.length, done)
      if (read === 0) break
      writeWhole(to, piece.subarray(0, read), done)
      done += read
    }
  } catch (error) {
    removeFile(draft)
    throw error
  } finally {
    closeSync(to)
  }
  replaceFile(draft, path)
}

function* write(fd: number, values: Float64Array): Task<void> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, Math.min(bytes.length - done, PIECE_BYTES))
    yield
  }
}

/** About 10 to 20 KB. */
const NAMES_PER_WRITE = 128
const PIECE_BYTES = 2 ** 19
