import { keyOf, wellFormed } from '../store/family.ts'
import type { FamilyCopy } from './family-copy.ts'
import type { PromLabels, PromSample } from './registry.ts'
import { Part } from './series-copy.ts'

/**
 * What one metric brings into the copy of its family, round after round.
 *
 * Hot: samples come in the same order from one round to the next, so each series is first looked for where it stood
 * before, which takes a comparison for each label and makes no key; and what stood still is not written again.
 */
export class FamilyFeed {
  readonly #copy: FamilyCopy
  readonly #parts = new Map<string, Part>()
  /** In the order of the samples: those of this round, then what is left of the round before. */
  readonly #order: Part[] = []
  /** How many of them are of this round. */
  #met = 0
  #round = 0

  constructor(copy: FamilyCopy) {
    this.#copy = copy
  }

  begin(): void {
    this.#met = 0
    this.#round++
  }

  /** The series that `sample` is of. Where `goesOn` is true, it is probably that of the sample before. */
  partOf(sample: PromSample, defaults: PromLabels, goesOn: boolean): Part {
    const current = goesOn && this.#met > 0 ? this.#order[this.#met - 1] : undefined
    if (current !== undefined && this.#isOf(current, sample, defaults)) return current
    const guess = this.#met < this.#order.length ? this.#order[this.#met] : undefined
    const part = guess !== undefined && this.#isOf(guess, sample, defaults) ? guess : this.#lookUp(sample, defaults)
    if (part !== guess) this.#order[this.#met] = part
    this.#met++
    if (part.round !== this.#round) {
      part.round = this.#round
      part.again = false
      part.numbers.fill(0)
    } else part.again = true
    return part
  }

  /** Takes in a number for which there is one in each series, and answers the series. */
  takeOne(sample: PromSample, defaults: PromLabels): Part {
    const part = this.partOf(sample, defaults, false)
    const { numbers, again } = part
    // Several label sets may mean the same to Prometheus.
    numbers[0] = again && this.#copy.addsUp ? numbers[0]! + sample.value : sample.value
    return part
  }

  /** Brings what the round has gathered into the series. What is gone leaves its counts behind. */
  commit(): void {
    if (this.#order.length > this.#met) this.#order.length = this.#met
    for (const [key, part] of this.#parts) {
      if (part.round !== this.#round) {
        this.#parts.delete(key)
        this.#takeOut(part)
      } else if (!part.stoodStill) this.#bringIn(part)
    }
  }

  /** Takes everything out: the metric is registered no more. It may come back, and go on where it was. */
  leave(): void {
    for (const part of this.#parts.values()) {
      this.#takeOut(part)
      part.from = [...part.last]
    }
    if (this.#copy.isOfTheMoment) this.#parts.clear()
    this.#order.length = 0
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

  #isOf(part: Part, { labels, sharedLabels }: PromSample, defaults: PromLabels): boolean {
    const names = this.#copy.labelNames
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!
      if (part.labels[i] !== (labels?.[name] ?? sharedLabels?.[name] ?? defaults[name])) return false
    }
    return true
  }

  #lookUp({ labels, sharedLabels }: PromSample, defaults: PromLabels): Part {
    const raw = this.#copy.labelNames.map(name => labels?.[name] ?? sharedLabels?.[name] ?? defaults[name])
    // A label that is called as some method of every object is not there, however it looks.
    const values = raw.map(value => (typeof value === 'function' ? '' : wellFormed(String(value ?? ''))))
    const key = keyOf(values)
    let part = this.#parts.get(key)
    if (part === undefined) {
      part = new Part(this.#copy.seriesOf(values), raw, this.#copy.width)
      this.#parts.set(key, part)
    }
    return part
  }
}

/**
 * True for counts that are less than before: their user has set them to zero, as Prometheus understands it too. A sum
 * alone may fall, by observations below zero; but not change without any.
 */
function hasFallen({ numbers, last }: Part, type: string): boolean {
  if (type === 'counter') return numbers[0]! < last[0]!
  const isSummary = type === 'summary'
  const sum = isSummary ? 0 : numbers.length - 1
  const total = isSummary ? 1 : numbers.length - 2
  for (let i = 0; i < numbers.length; i++) if (i !== sum && numbers[i]! < last[i]!) return true
  return numbers[total] === last[total] && !Object.is(numbers[sum], last[sum])
}
