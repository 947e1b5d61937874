import type { Definition } from '../store/catalog.ts'
import { quantilesKey, signatureOf } from './family-key.ts'
import { MergedFamily } from './merged-family.ts'
import { Plan } from './plan.ts'
import type { Family } from './snapshot.ts'
import type { Source } from './source.ts'
import type { Steps } from './steps.ts'

/** What all sources add up to. */
export interface Sum {
  readonly families: Family[]
  /** The families of which some sources mean something older, which is left out. */
  readonly conflicts: readonly string[]
}

/**
 * Many stores into one set of families.
 *
 * What is costly, finding which series of which store is which, is done once for each series and kept as two columns
 * of numbers: where to read in the store, where to add in the sum. Each snapshot then only adds arrays, and of those
 * only the blocks of series in which some source has changed a number: all sources of a block are added up again, in
 * their order, so that a sum is the same whether it was kept or made anew.
 * One sum at a time: all steps of one are done before the next is begun.
 */
export class Merger {
  readonly #families = new Map<string, MergedFamily>()
  readonly #plans = new Map<Source, Plan>()
  #sources: Source[] = []
  #round = 0
  /** False while a sum is made, and after one that was never finished: what it has seen of changes is lost. */
  #isWhole = true

  /** Forgets a source that will not be added again. */
  forget(source: Source): void {
    this.#plans.get(source)?.letGo()
    this.#plans.delete(source)
  }

  /** Begins a new sum. */
  begin(): void {
    // Families of a round that is not the last are added up from the beginning.
    this.#round += this.#isWhole ? 1 : 2
    this.#isWhole = false
    this.#sources = []
  }

  /** Adds all that `source` has now; its numbers stay as they are until the sum is finished. Sources of the same worker come oldest first. */
  *add(source: Source): Steps<void> {
    const plan = this.#planOf(source)
    this.#sources.push(source)
    yield* plan.learn(source, this.#familyOf)
    yield* plan.join(source, this.#round)
  }

  /** What `source` alone had, when it was last added, in a family without labels that has one number. */
  valueIn(source: Source, definition: Definition): number | undefined {
    return this.#plans.get(source)?.valueIn(source, definition)
  }

  /** Ends the sum. */
  *finish(): Steps<Sum> {
    const present: MergedFamily[] = []
    for (const family of this.#families.values()) {
      if (family.lastRound === this.#round) present.push(family)
      else family.rest()
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

  /** Histograms that stand for a counter too add their counts to it. */
  *#addUp(present: readonly MergedFamily[], current: ReadonlyMap<string, MergedFamily>): Steps<void> {
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

  #planOf(source: Source): Plan {
    let plan = this.#plans.get(source)
    if (plan === undefined) {
      plan = new Plan()
      this.#plans.set(source, plan)
    }
    return plan
  }

  /** One function for all sources: V8 would make the code that calls it anew for each other. */
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

/** Of the families that some sources define otherwise the newest definition. */
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
