import { keyOf, wellFormed } from '../store/family.ts'
import type { FamilyCopy } from './family-copy.ts'
import type { KeptSeries } from './kept.ts'
import type { PromLabels, PromSample } from './registry.ts'
import { Part } from './series-copy.ts'

/**
 * Copies the samples of one metric into the copy of its family, in each round.
 *
 * Hot path: samples come in the same order in each round, so each series is first searched at its previous position,
 * which takes one comparison per label and creates no key; unchanged series are not written again.
 */
export class FamilyFeed {
  readonly #copy: FamilyCopy
  readonly #parts = new Map<string, Part>()
  /** In the order of the samples: those of this round, then the rest of the previous round. */
  readonly #order: Part[] = []
  /** The number of them that belong to this round. */
  #met = 0
  #round = 0
  /** True if numbers were entered in this round, or if some may have been removed since the last one. */
  #isEntered = false
  #hasLeft = false
  #defaults: PromLabels = {}
  /** False in a round in which the registry's default labels have changed. */
  #hasSameDefaults = true

  constructor(copy: FamilyCopy) {
    this.#copy = copy
  }

  begin(defaults: PromLabels): void {
    this.#met = 0
    this.#round++
    this.#isEntered = this.#hasLeft
    this.#hasLeft = false
    this.#hasSameDefaults = isSameLabels(defaults, this.#defaults)
    if (!this.#hasSameDefaults) this.#defaults = { ...defaults }
  }

  /**
   * The series that a metric keeps in `kept`, ready to receive its numbers; undefined if two of its numbers show that
   * none has changed. A series that is kept in the same object has the same labels.
   */
  changedPart(kept: KeptSeries, stamp: unknown, otherStamp: unknown, defaults: PromLabels): Part | undefined {
    const guess = this.#met < this.#order.length ? this.#order[this.#met] : undefined
    const isKnown = guess !== undefined && guess.kept === kept && this.#hasSameDefaults
    if (isKnown && guess.isCounted && Object.is(guess.stamp, stamp) && Object.is(guess.otherStamp, otherStamp)) {
      this.#met++
      guess.round = this.#round
      return undefined
    }
    const part = isKnown ? this.#meet(guess) : this.partOf(kept, defaults, false)
    part.kept = part.isShared ? undefined : kept
    part.stamp = stamp
    part.otherStamp = otherStamp
    return part
  }

  /** The series of `sample`. If `goesOn` is true, it is probably that of the previous sample. */
  partOf(sample: Labelled, defaults: PromLabels, goesOn: boolean): Part {
    const current = goesOn && this.#met > 0 ? this.#order[this.#met - 1] : undefined
    if (current !== undefined && this.#isOf(current, sample, defaults)) return current
    const guess = this.#met < this.#order.length ? this.#order[this.#met] : undefined
    const part = guess !== undefined && this.#isOf(guess, sample, defaults) ? guess : this.#lookUp(sample, defaults)
    if (part !== guess) this.#order[this.#met] = part
    return this.#meet(part)
  }

  /** Enters the number of a series that has only one. */
  enter({ numbers, again }: Part, value: number): void {
    // Several of prom-client's label sets may be the same to Prometheus.
    numbers[0] = again && this.#copy.addsUp ? numbers[0]! + value : value
  }

  /**
   * Writes the numbers of the round to the series. Removed ones leave their counts behind. Returns whether anything has
   * changed.
   */
  commit(): boolean {
    if (!this.#isEntered && this.#met === this.#order.length) return false
    this.#order.length = this.#met
    let hasChanged = false
    for (const [key, part] of this.#parts) {
      if (part.round !== this.#round) {
        this.#parts.delete(key)
        this.#takeOut(part)
        hasChanged = true
      } else if (part.isEntered) {
        part.isEntered = false
        if (part.stoodStill) continue
        this.#bringIn(part)
        hasChanged = true
      }
    }
    return hasChanged
  }

  /**
   * Removes everything: the metric is no longer registered. It may be registered again, and then continues from here.
   */
  leave(): void {
    for (const part of this.#parts.values()) {
      this.#takeOut(part)
      part.from = [...part.last]
    }
    if (this.#copy.isOfTheMoment) this.#parts.clear()
    this.#order.length = 0
    this.#hasLeft = true
  }

  #meet(part: Part): Part {
    this.#met++
    this.#isEntered = true
    if (part.round === this.#round) {
      part.again = true
      part.isShared = true
      return part
    }
    part.round = this.#round
    part.again = false
    part.isEntered = true
    part.numbers.fill(0)
    return part
  }

  #bringIn(part: Part): void {
    const { series } = part
    if (!this.#copy.isOfTheMoment && hasFallen(part, this.#copy.definition.type)) {
      series.keep(part)
      part.from = undefined
    }
    part.settle()
    series.count(part)
    this.#copy.write(series)
  }

  #takeOut(part: Part): void {
    if (!part.isCounted) return
    if (!this.#copy.isOfTheMoment) part.series.keep(part)
    part.series.discount(part)
    this.#copy.abandon(part.series)
  }

  #isOf(part: Part, { labels, sharedLabels }: Labelled, defaults: PromLabels): boolean {
    const names = this.#copy.labelNames
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!
      if (part.labels[i] !== labelOf(name, labels, sharedLabels, defaults)) return false
    }
    return true
  }

  #lookUp({ labels, sharedLabels }: Labelled, defaults: PromLabels): Part {
    const raw = this.#copy.labelNames.map(name => labelOf(name, labels, sharedLabels, defaults))
    const values = raw.map(value => wellFormed(String(value ?? '')))
    const key = keyOf(values)
    let part = this.#parts.get(key)
    if (part === undefined) {
      part = new Part(this.#copy.seriesOf(values), raw, this.#copy.width)
      this.#parts.set(key, part)
    }
    return part
  }
}

type Labelled = Pick<PromSample, 'labels' | 'sharedLabels'>

function isSameLabels(a: PromLabels, b: PromLabels): boolean {
  for (const name in a) if (a[name] !== b[name]) return false
  for (const name in b) if (!(name in a)) return false
  return true
}

/**
 * The value of a label, undefined if it is missing. An explicit null or undefined becomes a string, as in prom-client.
 */
function labelOf(
  name: string,
  labels: PromLabels | undefined,
  sharedLabels: PromLabels | undefined,
  defaults: PromLabels,
): unknown {
  const value = labels?.[name] ?? sharedLabels?.[name]
  // A function may be an inherited method with the same name as the label.
  if (value != null && typeof value !== 'function') return value
  for (const source of [labels, sharedLabels, defaults]) {
    if (source !== undefined && Object.hasOwn(source, name)) return String(source[name])
  }
  return undefined
}

/**
 * True if counts have decreased: the user has reset them, which Prometheus assumes too. A sum alone may decrease by
 * negative observations, but it cannot change without any observation.
 */
function hasFallen({ numbers, last }: Part, type: string): boolean {
  if (type === 'counter') return numbers[0]! < last[0]!
  const isSummary = type === 'summary'
  const sum = isSummary ? 0 : numbers.length - 1
  const total = isSummary ? 1 : numbers.length - 2
  for (let i = 0; i < numbers.length; i++) if (i !== sum && numbers[i]! < last[i]!) return true
  return numbers[total] === last[total] && !Object.is(numbers[sum], last[sum])
}
