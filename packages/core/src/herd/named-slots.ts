import { fstatSync } from 'node:fs'
import type { Steps } from '../snapshot/steps.ts'
import { widthOf } from '../store/catalog.ts'
import { HEADER_SLOTS } from '../store/header.ts'
import { CatalogReader } from './catalog-reader.ts'
import type { HeldFile } from './held-file.ts'

/**
 * How many numbers of a store its names can stand for. A store takes slots one after the other, each with its name, and
 * names them before it says that they are there. So a header that says more than that is forged or damaged, and what it
 * says must not decide how much is read.
 */
export class NamedSlots {
  readonly #catalog: HeldFile
  /** The lengths up to here are known to be named. */
  #believed = HEADER_SLOTS
  /** A reader of its own: the names are read here before the numbers, and only to be counted. */
  #names: CatalogReader | undefined
  readonly #widths = new Map<number, number>()
  #counted = HEADER_SLOTS

  constructor(catalog: HeldFile) {
    this.#catalog = catalog
  }

  /**
   * The number of slots to read of a store whose header says `length`: all of them, or as many as are named and some
   * more. Names are counted only for a length that is large for the size of their file.
   * Throws what the file system throws.
   */
  *believe(length: number): Steps<number> {
    if (length <= this.#believed) return length
    const { size } = this.#catalog.use(fd => fstatSync(fd))
    if (length <= size + SPARE_SLOTS) this.#believed = length
    else this.#believed = Math.min(length, (yield* this.#count()) + SPARE_SLOTS)
    return this.#believed
  }

  *#count(): Steps<number> {
    this.#names ??= new CatalogReader(this.#catalog)
    let lines = 0
    for (let line = this.#names.next(); line !== undefined; line = this.#names.next()) {
      if (line.kind === 'family') {
        this.#widths.set(line.index, widthOf(line))
        if (line.sinceSlot !== undefined) this.#counted++
      } else if (line.kind === 'series' && line.born === undefined) this.#counted += this.#widths.get(line.family) ?? 1
      if (++lines % LINES_A_STEP === 0) yield
    }
    return this.#counted
  }
}

/** What a few names take that were damaged: 64 KiB, as much as any store has from its beginning. */
const SPARE_SLOTS = 2 ** 13
const LINES_A_STEP = 64
