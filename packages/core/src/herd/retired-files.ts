import { closeSync, existsSync, fstatSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Steps } from '../snapshot/steps.ts'
import { CatalogWriter } from '../store/catalog.ts'
import { RETIRED_CATALOG, RETIRED_VALUES } from './directory.ts'
import { StoreReader } from './reader.ts'
import type { NewName } from './retired-totals.ts'

/** The two files that keep the totals of the dead. Everything here throws what the file system throws. */
export class RetiredFiles {
  readonly #values: string
  readonly #draft: string
  readonly #catalog: string
  readonly #directory: string
  /** Which values file was read, or written, last. */
  #inode: number | undefined

  constructor(directory: string) {
    this.#directory = directory
    this.#values = join(directory, RETIRED_VALUES)
    this.#draft = `${this.#values}.draft`
    this.#catalog = join(directory, RETIRED_CATALOG)
  }

  /** Opens what is there; undefined where no commit has ever come. */
  open(): StoreReader | undefined {
    this.dropDraft()
    this.#inode = statSync(this.#values, { throwIfNoEntry: false })?.ino
    if (this.#inode === undefined) {
      // Names without totals: their first commit never came, and nobody reads them.
      rmSync(this.#catalog, { force: true })
      return undefined
    }
    const reader = openFiles(this.#directory)
    this.#inode = reader.inode()
    return reader
  }

  get nameBytes(): number {
    return statSync(this.#catalog).size
  }

  /** The names come before the numbers: a name without a number yet is nothing, a number without a name is lost. */
  *writeNames(lines: readonly NewName[]): Steps<void> {
    if (lines.length === 0 && existsSync(this.#catalog)) return
    const catalog = CatalogWriter.resume(this.#catalog)
    try {
      for (let begin = 0; begin < lines.length; begin += NAMES_A_WRITE) {
        if (begin > 0) yield
        if (!catalog.appendAll(lines.slice(begin, begin + NAMES_A_WRITE))) {
          throw new Error('the names of the retired totals could not be written')
        }
      }
    } finally {
      catalog.close()
    }
  }

  /** Writes the numbers, one part after the other, and puts them in the place of the last in one moment. */
  *commit(parts: readonly Float64Array[]): Steps<void> {
    const fd = openSync(this.#draft, 'w', 0o600)
    try {
      for (const part of parts) yield* write(fd, part)
      // A keeper that was taken to be dead and is not must not write over the totals of the next.
      if (statSync(this.#values, { throwIfNoEntry: false })?.ino !== this.#inode) {
        throw new Error('another keeper has written the totals')
      }
      renameSync(this.#draft, this.#values)
      this.#inode = fstatSync(fd).ino
    } finally {
      closeSync(fd)
    }
  }

  /** Half a draft would keep the space that a full disk lacks. */
  dropDraft(): void {
    rmSync(this.#draft, { force: true })
  }
}

/** Reads the totals of the dead; undefined where nobody has died yet. */
export function openRetired(directory: string): StoreReader | undefined {
  try {
    return openFiles(directory)
  } catch {
    return undefined
  }
}

function openFiles(directory: string): StoreReader {
  const files = { values: RETIRED_VALUES, catalog: RETIRED_CATALOG, worker: undefined }
  return new StoreReader(directory, { worker: 0, id: 0, base: 'retired' }, files)
}

function* write(fd: number, values: Float64Array): Steps<void> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, Math.min(bytes.length - done, PIECE_BYTES))
    yield
  }
}

/** Some 10 to 20 KB. */
const NAMES_A_WRITE = 128
const PIECE_BYTES = 2 ** 19
