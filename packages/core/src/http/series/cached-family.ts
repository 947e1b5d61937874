import type { StoreFamily } from '../../store/family.ts'
import type { LabelSet } from '../labels/label-set.ts'
import type { SeriesLabels } from '../labels/naming.ts'
import type { Outcome } from '../labels/outcome.ts'

/** A family whose series are found in label sets, without building a string. */
export class CachedFamily {
  readonly family: StoreFamily
  /** The index of the family in each label set. */
  readonly index: number
  readonly #labels: SeriesLabels

  constructor(family: StoreFamily, index: number, labels: SeriesLabels) {
    this.family = family
    this.index = index
    this.#labels = labels
  }

  /** The slot of the series of an exchange, which is created at the first use. */
  slotOf(outcome: Outcome, labels: LabelSet): number {
    const key = this.#labels.keyOf(outcome)
    return labels.slotsOf(outcome.route)?.[this.index]?.get(key) ?? this.#create(outcome, labels, key)
  }

  #create(outcome: Outcome, labels: LabelSet, key: number): number {
    const slot = this.family.slot(this.#labels.valuesOf(outcome, labels))
    if (slot !== this.family.overflow) labels.keep(this.index, outcome.route, key, slot)
    return slot
  }
}
