import { type Definition, quantilesKey, signatureOf } from '../../definitions/definition.ts'
import type { Family } from '../snapshot.ts'
import type { Source } from '../source.ts'
import type { Task } from '../task.ts'
import { MergedFamily } from './merged-family.ts'
import { SourceColumns } from './source-columns.ts'

/** The sum of all sources. */
export interface Sum {
  readonly families: Family[]
  /** The families for which some sources have an older definition; the series of those sources are omitted. */
  readonly conflicts: readonly string[]
}

/**
 * Merges many stores into one set of families.
 *
 * The costly part, matching the series of each store with series of the sum, is done once per series and stored as two
 * columns of numbers: the slot to read in the store, the series to add to in the sum. Each snapshot then only adds
 * arrays, and of those only the blocks of series with a changed number in some source. All sources of such a block are
 * added up again in their order, so that sums do not depend on whether they were cached. Only one sum can be in
 * progress: run all steps of one task before the next begins.
 */
export class Merger {
  readonly #families = new Map<string, MergedFamily>()
  /** The columns of each source. */
  readonly #columns = new Map<Source, SourceColumns>()
  #sources: Source[] = []
  #round = 0
  /** False while a sum is computed, and after one that was not finished: the changes that it processed are lost. */
  #isWhole = true

  /** Removes a source that will not be added again. */
  forget(source: Source): void {
    this.#columns.get(source)?.release()
    this.#columns.delete(source)
  }

  /** Begins a new sum. */
  begin(): void {
    // Families that were not part of the previous round are added up from the beginning.
    this.#round += this.#isWhole ? 1 : 2
    this.#isWhole = false
    this.#sources = []
  }

  /**
   * Adds the current numbers of `source`, which must not change until the sum is finished. Add sources of the same
   * worker oldest first.
   */
  *add(source: Source): Task<void> {
    const columns = this.#columnsOf(source)
    this.#sources.push(source)
    yield* columns.readNames(source, this.#familyOf)
    yield* columns.join(source, this.#round)
  }

  /** The value of `source` alone, when it was last added, in a family without labels that has one number. */
  valueIn(source: Source, definition: Definition): number | undefined {
    return this.#columns.get(source)?.valueIn(source, definition)
  }

  /** Finishes the sum. */
  *finish(): Task<Sum> {
    const present: MergedFamily[] = []
    for (const family of this.#families.values()) {
      if (family.lastRound === this.#round) present.push(family)
      else family.releaseSources()
    }
    const { current, conflicts } = newestOf(present)
    yield* this.#addUp(present, current)
    for (const source of this.#sources) source.changes?.clear()
    this.#isWhole = true
    const families: Family[] = []
    for (const family of current.values()) {
      if (family.definition.type === 'quantiles') continue
      families.push(yield* family.take(current.get(quantilesKey(family.definition.name))))
    }
    families.sort((a, b) => (a.name < b.name ? -1 : 1))
    return { families, conflicts }
  }

  /** Adds up all families. A histogram with `countsInto` also adds its counts to that counter. */
  *#addUp(present: readonly MergedFamily[], current: ReadonlyMap<string, MergedFamily>): Task<void> {
    for (const family of present) yield* family.findChanges()
    const counted = new Map<MergedFamily, MergedFamily>()
    for (const family of current.values()) {
      const { countsInto } = family.definition
      const counter = countsInto === undefined ? undefined : current.get(countsInto)
      if (counter !== undefined) counted.set(counter, family)
    }
    for (const family of present) yield* family.countFrom(counted.get(family))
    for (const family of present) yield* family.addUp()
    for (const counter of counted.keys()) yield* counter.addCounts()
  }

  #columnsOf(source: Source): SourceColumns {
    let columns = this.#columns.get(source)
    if (columns === undefined) {
      columns = new SourceColumns()
      this.#columns.set(source, columns)
    }
    return columns
  }

  /** One function for all sources: V8 would recompile the calling code for each further function. */
  readonly #familyOf = (definition: Definition): MergedFamily => {
    const signature = signatureOf(definition)
    let family = this.#families.get(signature)
    if (family === undefined) {
      family = new MergedFamily(definition)
      this.#families.set(signature, family)
    }
    return family
  }
}

/** If sources define a family differently, the newest definition is used. */
function newestOf(present: readonly MergedFamily[]): { current: Map<string, MergedFamily>; conflicts: string[] } {
  const current = new Map<string, MergedFamily>()
  const conflicts = new Set<string>()
  for (const family of present) {
    const other = current.get(family.key)
    if (other !== undefined) conflicts.add(family.definition.name)
    if (other === undefined || family.since > other.since) current.set(family.key, family)
  }
  return { current, conflicts: [...conflicts] }
}
