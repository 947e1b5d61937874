import { isAbsent } from '../store/absent.ts'
import { type Definition, type FamilyType, type Merge, widthOf } from '../store/catalog.ts'
import { keyOf } from '../store/family.ts'
import { IntList } from './int-list.ts'
import type { Family, SnapshotType } from './snapshot.ts'
import type { Source } from './source.ts'

/** Where a source has the series of a family: what stands at slot `from[i]` goes to series `to[i]` of the sum. */
export interface Places {
  readonly from: IntList
  readonly to: IntList
  /** Totals of the dead: where it stands when the newest of them started. */
  readonly sinceSlot: number | undefined
  /** When the source declared the family, where that was later than its start; else 0. */
  readonly since: number
}

/** The sum of one family over all sources. */
export class MergedFamily {
  readonly definition: Definition
  readonly key: string
  /** The round in which some source last had it, and the newest of those sources. */
  lastRound = 0
  since = 0
  readonly #labels: (readonly string[])[] = []
  readonly #index = new Map<string, number>()
  readonly #overflow = new Set<number>()
  /** How many columns have each series, and the series that none has. */
  readonly #holders = new IntList()
  readonly #free: number[] = []
  readonly #width: number
  readonly #sourceWidth: number
  #countsTo = new IntList()
  #countsFor: MergedFamily | undefined
  /** True where another family's numbers are added to this one's, or the other way: each knows the other's series. */
  #isDerived: boolean
  /** The round in which each series was last added to. */
  #rounds = new IntList()
  #values: Float64Array
  /** What was last shown of each number that may not fall. */
  #shown: Float64Array

  constructor(definition: Definition) {
    this.definition = definition
    this.key = definition.type === 'quantiles' ? quantilesKey(definition.name) : definition.name
    this.#sourceWidth = widthOf(definition)
    this.#width = definition.merge === 'mean' ? 2 : this.#sourceWidth
    this.#isDerived = definition.countsInto !== undefined
    this.#values = new Float64Array(16 * this.#width).fill(startOf(definition.merge))
    this.#shown = new Float64Array(this.#values.length)
  }

  /** True for numbers that mean nothing without the process that they are about. */
  get isOfTheLiving(): boolean {
    return !ADDED_FOR_EVER.has(this.definition.type)
  }

  clear(): void {
    this.#values.fill(startOf(this.definition.merge))
    this.since = 0
  }

  /** The number of the series with these label values, made at its first use. */
  seriesOf(labels: readonly string[], overflow: boolean): number {
    const key = keyOf(labels)
    const known = this.#index.get(key)
    if (known !== undefined) return known
    const series = this.#free.pop() ?? this.#another()
    this.#labels[series] = labels
    this.#index.set(key, series)
    if (overflow) this.#overflow.add(series)
    return series
  }

  #another(): number {
    const series = this.#labels.length
    this.#rounds.push(0)
    this.#holders.push(0)
    this.#makeRoom(series)
    return series
  }

  /** One more column has the series. */
  hold(series: number): void {
    this.#holders.items[series] = this.#holders.items[series]! + 1
  }

  /** One column less has the series: the last one leaves its number to another. */
  letGo(series: number): void {
    const holders = this.#holders.items[series]! - 1
    this.#holders.items[series] = holders
    if (holders > 0 || this.#isDerived) return
    this.#index.delete(keyOf(this.#labels[series]!))
    this.#labels[series] = []
    this.#overflow.delete(series)
    this.#rounds.items[series] = 0
    this.#values.fill(startOf(this.definition.merge), series * this.#width, (series + 1) * this.#width)
    this.#shown.fill(0, series * this.#width, (series + 1) * this.#width)
    this.#free.push(series)
  }

  add(source: Source, { from, to, sinceSlot, since }: Places, round: number): void {
    this.lastRound = round
    const startedAt = sinceSlot === undefined ? source.startedAt : (source.values[sinceSlot] ?? 0)
    this.since = Math.max(this.since, startedAt, since)
    const known = this.#sourceWidth
    for (let i = 0; i < from.length; i++) {
      const slot = from.items[i]!
      // A values file that was cut short: the series is there again when its slots are.
      if (slot + known > source.values.length) continue
      if (Number.isNaN(source.values[slot]) && isAbsent(source.values, slot)) continue
      const series = to.items[i]!
      this.#rounds.items[series] = round
      this.#addSeries(source.values, slot, series * this.#width)
    }
  }

  addCountsTo(counter: MergedFamily, round: number): void {
    const buckets = this.definition.buckets.length + 1
    counter.lastRound = round
    counter.#isDerived = true
    if (this.#countsFor !== counter) this.#countsTo = new IntList()
    this.#countsFor = counter
    for (let series = 0; series < this.#labels.length; series++) {
      if (series === this.#countsTo.length) {
        this.#countsTo.push(counter.seriesOf(this.#labels[series]!, this.#overflow.has(series)))
      }
      if (this.#rounds.items[series] !== round) continue
      let count = 0
      const start = series * this.#width
      for (let slot = start; slot < start + buckets; slot++) count += this.#values[slot]!
      const target = this.#countsTo.items[series]!
      counter.#values[target] = counter.#values[target]! + count
      counter.#rounds.items[target] = round
    }
  }

  /** The family as it stands after this round. */
  take(round: number, quantiles: MergedFamily | undefined): Family {
    const { name, type, help, labels, buckets, merge } = this.definition
    const { present, values } = this.#present(round)
    const kept = quantiles?.lastRound === round ? quantiles : undefined
    return {
      name,
      type: type as SnapshotType,
      help,
      labelNames: merge === 'worker' ? [...labels, 'worker'] : labels,
      buckets,
      labels: present,
      width: merge === 'latest' || merge === 'mean' ? 1 : this.#width,
      values,
      ...(kept === undefined ? {} : { quantiles: kept.#takeQuantiles(round) }),
    }
  }

  #takeQuantiles(round: number): NonNullable<Family['quantiles']> {
    const { present, values } = this.#present(round)
    return { labelNames: [...this.definition.labels, 'worker'], labels: present, values }
  }

  /** The series that somebody still has, with their numbers as a snapshot shows them. */
  #present(round: number): { present: (readonly string[])[]; values: Float64Array } {
    const width = this.#width
    const present: (readonly string[])[] = []
    const values = new Float64Array(this.#labels.length * width)
    for (let series = 0; series < this.#labels.length; series++) {
      if (this.#rounds.items[series] !== round) continue
      if (this.#overflow.has(series) && this.#isZero(series)) continue
      const start = series * width
      if (!this.isOfTheLiving) this.#keepFromFalling(start)
      values.set(this.#values.subarray(start, start + width), present.length * width)
      present.push(this.#labels[series]!)
    }
    return { present, values: this.#asShown(values.subarray(0, present.length * width)) }
  }

  /**
   * Fractions that are added in another order, as they are once a store is retired, may come out less in the last
   * digit. Prometheus would take that for a restart from zero.
   */
  #keepFromFalling(start: number): void {
    const values = this.#values
    const shown = this.#shown
    for (let at = start; at < start + this.#width; at++) {
      const fall = shown[at]! - values[at]!
      if (fall > 0 && fall <= shown[at]! * ROUNDING) values[at] = shown[at]!
      shown[at] = values[at]!
    }
  }

  #asShown(values: Float64Array): Float64Array {
    const { merge } = this.definition
    if (merge === 'mean') return everySecond(values, (sum, count) => sum / count)
    if (merge === 'latest') return everySecond(values, value => value)
    return values
  }

  #isZero(series: number): boolean {
    const start = series * this.#width
    // How many workers have a mean says nothing of it.
    const width = this.definition.merge === 'mean' ? 1 : this.#width
    return this.#values.subarray(start, start + width).every(value => value === 0)
  }

  #addSeries(from: Float64Array, slot: number, at: number): void {
    const values = this.#values
    const value = from[slot]!
    if (this.definition.merge === 'worker' && this.isOfTheLiving) {
      // While one worker replaces another they have the same number: what the newer one says stands.
      for (let i = 0; i < this.#width; i++) values[at + i] = from[slot + i]!
      return
    }
    switch (this.definition.merge) {
      case 'max':
        values[at] = Math.max(values[at]!, value)
        return
      case 'min':
        values[at] = Math.min(values[at]!, value)
        return
      case 'mean':
        values[at] = values[at]! + value
        values[at + 1] = values[at + 1]! + 1
        return
      case 'latest':
        // The second slot says when it was set; the first to come wins among equals.
        if (from[slot + 1]! <= values[at + 1]!) return
        values[at] = value
        values[at + 1] = from[slot + 1]!
        return
      default:
        for (let i = 0; i < this.#width; i++) values[at + i] = values[at + i]! + from[slot + i]!
    }
  }

  #makeRoom(series: number): void {
    if ((series + 1) * this.#width <= this.#values.length) return
    const larger = new Float64Array(this.#values.length * 2)
    larger.set(this.#values)
    larger.fill(startOf(this.definition.merge), this.#values.length)
    this.#values = larger
    const shown = new Float64Array(larger.length)
    shown.set(this.#shown)
    this.#shown = shown
  }
}

/** What adding in another order may change, as a share: thousands of stores with 53 bits each, and some to spare. */
const ROUNDING = 1e-10

/** The types whose numbers stay when their process is gone. */
export const ADDED_FOR_EVER: ReadonlySet<FamilyType> = new Set(['counter', 'histogram', 'summary'])

/** What the two halves of a summary are told apart by. */
export function quantilesKey(name: string): string {
  return `${name}{quantile}`
}

/** Two definitions with the same signature can be added up. */
export function signatureOf({ name, type, labels, buckets, merge }: Definition): string {
  return JSON.stringify([name, type, labels, buckets, merge])
}

/** What a sum begins with. */
function startOf(merge: Merge): number {
  if (merge === 'max' || merge === 'latest') return Number.NEGATIVE_INFINITY
  return merge === 'min' ? Number.POSITIVE_INFINITY : 0
}

function everySecond(values: Float64Array, of: (first: number, second: number) => number): Float64Array {
  return new Float64Array(values.length / 2).map((_, i) => of(values[2 * i]!, values[2 * i + 1]!))
}
