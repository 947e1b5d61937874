import { fstatSync } from 'node:fs'
import { widthOf } from '../../definitions/definition.ts'
import type { Task } from '../../snapshot/task.ts'
import { HEADER_SLOTS } from '../../store/header.ts'
import { CatalogReader } from './catalog-reader.ts'
import type { HeldFile } from './held-file.ts'

/**
 * Counts the slots of a store that have names. A store uses its slots in order, each with a name, and writes the names
 * before it increases the length in its header. So a larger length is forged or damaged, and must not decide how much
 * is read.
 */
export class NamedSlots {
  readonly #catalog: HeldFile
  /** Lengths up to this one are known to be covered by names. */
  #trusted = HEADER_SLOTS
  /** A separate reader: here the names are read before the numbers, and only to be counted. */
  #names: CatalogReader | undefined
  readonly #widths = new Map<number, number>()
  #counted = HEADER_SLOTS

  constructor(catalog: HeldFile) {
    this.#catalog = catalog
  }

  /**
   * The number of slots to read of a store whose header contains `length`: all of them, or the named ones and some
   * spare slots. Names are counted only if the length is large for the size of the catalog. Throws the errors of the
   * file system.
   */
  *trustedLength(length: number): Task<number> {
    if (length <= this.#trusted) return length
    const { size } = this.#catalog.use(fd => fstatSync(fd))
    if (length <= size + SPARE_SLOTS) this.#trusted = length
    else this.#trusted = Math.min(length, (yield* this.#count()) + SPARE_SLOTS)
    return this.#trusted
  }

  *#count(): Task<number> {
    this.#names ??= new CatalogReader(this.#catalog)
    let lines = 0
    for (let line = this.#names.next(); line !== undefined; line = this.#names.next()) {
      if (line.kind === 'family') {
        this.#widths.set(line.index, widthOf(line))
        if (line.sinceSlot !== undefined) this.#counted++
      } else if (line.kind === 'series' && line.generation === undefined)
        this.#counted += this.#widths.get(line.family) ?? 1
      if (++lines % LINES_PER_STEP === 0) yield
    }
    return this.#counted
  }
}

/** An allowance for a few damaged names: 64 KiB, the initial size of any store. */
const SPARE_SLOTS = 2 ** 13
const LINES_PER_STEP = 64
