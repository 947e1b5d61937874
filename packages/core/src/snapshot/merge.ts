import { isAbsent } from '../store/absent.ts'
import {
  type CatalogLine,
  type Definition,
  type FamilyType,
  type Merge,
  type RemovedLine,
  type SeriesLine,
  widthOf,
} from '../store/catalog.ts'
import { keyOf } from '../store/family.ts'
import { HEADER } from '../store/header.ts'
import type { Family, SnapshotType } from './snapshot.ts'

/**
 * Many stores into one set of families.
 *
 * What is costly, finding which series of which store is which, is done once for each series and kept as two columns
 * of numbers: where to read in the store, where to add in the sum. Each snapshot then only adds arrays.
 */
export class Merger {
  readonly #families = new Map<string, MergedFamily>()
  readonly #plans = new Map<Source, Plan>()
  #round = 0

  /** Begins a new sum. */
  begin(): void {
    this.#round++
    for (const family of this.#families.values()) family.clear()
  }

  /** Adds all that `source` has now. Sources of the same worker come oldest first. */
  add(source: Source): void {
    const plan = this.#planOf(source)
    plan.learn(source, definition => this.#familyOf(definition))
    plan.addTo(source, this.#round)
  }

  /** Forgets a source that will not be added again. */
  forget(source: Source): void {
    this.#plans.get(source)?.letGo()
    this.#plans.delete(source)
  }

  /** Ends the sum. `conflicts` names the families of which some stores mean something older, left out here. */
  finish(): { families: Family[]; conflicts: string[] } {
    const current = new Map<string, MergedFamily>()
    const conflicts = new Set<string>()
    for (const family of this.#families.values()) {
      if (family.lastRound !== this.#round) continue
      const other = current.get(family.key)
      if (other !== undefined) conflicts.add(family.definition.name)
      if (other === undefined || family.since > other.since) current.set(family.key, family)
    }
    this.#addCounts(current)
    const families: Family[] = []
    for (const family of current.values()) {
      if (family.definition.type === 'quantiles') continue
      families.push(family.take(this.#round, current.get(quantilesKey(family.definition.name))))
    }
    families.sort((a, b) => (a.name < b.name ? -1 : 1))
    return { families, conflicts: [...conflicts] }
  }

  /** Histograms that stand for a counter too add their counts to it. */
  #addCounts(current: Map<string, MergedFamily>): void {
    for (const family of [...current.values()]) {
      const { countsInto } = family.definition
      const counter = countsInto === undefined ? undefined : current.get(countsInto)
      if (counter !== undefined) family.addCountsTo(counter, this.#round)
    }
  }

  #planOf(source: Source): Plan {
    let plan = this.#plans.get(source)
    if (plan === undefined) {
      plan = new Plan()
      this.#plans.set(source, plan)
    }
    return plan
  }

  #familyOf(definition: Definition): MergedFamily {
    const signature = signatureOf(definition)
    let family = this.#families.get(signature)
    if (family === undefined) {
      family = new MergedFamily(definition)
      this.#families.set(signature, family)
    }
    return family
  }
}

/** Somebody's numbers, as the merger wants them. */
export interface Source {
  /** Undefined where the series bear their worker themselves: the totals of the dead. */
  readonly worker: number | undefined
  readonly startedAt: number
  /** True where nobody owns it any more: its counts count, its gauges do not. */
  readonly gone: boolean
  readonly values: Float64Array
  /** What the catalog has gained since the last call. */
  takeLines(): readonly CatalogLine[]
}

/** What one source has of one family: what stands at slot `from[i]` goes to series `to[i]` of the sum. */
class Column {
  readonly family: MergedFamily
  readonly sinceSlot: number | undefined
  readonly from = new IntList()
  readonly to = new IntList()

  constructor(family: MergedFamily, sinceSlot: number | undefined) {
    this.family = family
    this.sinceSlot = sinceSlot
  }

  add(slot: number, series: number): void {
    this.from.push(slot)
    this.to.push(series)
    this.family.hold(series)
  }

  /** Takes out what stands at `slot`. Series go seldom, so nothing is kept to find it faster. */
  remove(slot: number): void {
    const at = this.from.items.subarray(0, this.from.length).lastIndexOf(slot)
    if (at < 0) return
    const series = this.to.items[at]!
    this.from.removeAt(at)
    this.to.removeAt(at)
    this.family.letGo(series)
  }

  letGo(): void {
    for (let i = 0; i < this.to.length; i++) this.family.letGo(this.to.items[i]!)
  }
}

/** Which series of one source are which series of the sum. */
class Plan {
  readonly #columns = new Map<number, Column>()
  /** Series whose slots were another's in the numbers that were taken last. */
  #waiting: SeriesLine[] = []

  learn(source: Source, familyOf: (definition: Definition) => MergedFamily): void {
    const gained = source.takeLines()
    const lines = this.#waiting.length === 0 ? gained : [...this.#waiting.splice(0), ...gained]
    for (const line of lines) {
      if (line.kind === 'family') this.#columns.set(line.index, new Column(familyOf(line), line.sinceSlot))
      if (line.kind === 'series') this.#learnSeries(source, line)
      if (line.kind === 'removed') this.#remove(line)
    }
  }

  #learnSeries(source: Source, line: SeriesLine): void {
    const column = this.#columns.get(line.family)
    if (column === undefined) return
    if (line.born !== undefined && line.born > source.values[HEADER.generation]!) {
      this.#waiting.push(line)
      return
    }
    const { labels, merge } = column.family.definition
    const apart = merge === 'worker' && source.worker !== undefined
    // The totals of the dead name the worker themselves. Any other number of values is damage.
    if (line.values.length !== labels.length + Number(merge === 'worker' && !apart)) return
    const values = apart ? [...line.values, String(source.worker)] : line.values
    column.add(line.slot, column.family.seriesOf(values, line.overflow === true))
  }

  #remove({ family, slot }: RemovedLine): void {
    const waiting = this.#waiting.findIndex(line => line.slot === slot)
    if (waiting >= 0) this.#waiting.splice(waiting, 1)
    else this.#columns.get(family)?.remove(slot)
  }

  /** Lets the series go that nobody else has. */
  letGo(): void {
    for (const column of this.#columns.values()) column.letGo()
  }

  addTo(source: Source, round: number): void {
    for (const column of this.#columns.values()) {
      if (source.gone && column.family.isOfTheLiving) continue
      column.family.add(source, column, round)
    }
  }
}

/** The sum of one family over all sources. */
class MergedFamily {
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

  constructor(definition: Definition) {
    this.definition = definition
    this.key = definition.type === 'quantiles' ? quantilesKey(definition.name) : definition.name
    this.#sourceWidth = widthOf(definition)
    this.#width = definition.merge === 'mean' ? 2 : this.#sourceWidth
    this.#isDerived = definition.countsInto !== undefined
    this.#values = new Float64Array(16 * this.#width).fill(startOf(definition.merge))
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
    this.#free.push(series)
  }

  add(source: Source, { from, to, sinceSlot }: Column, round: number): void {
    this.lastRound = round
    this.since = Math.max(this.since, sinceSlot === undefined ? source.startedAt : (source.values[sinceSlot] ?? 0))
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
      values.set(this.#values.subarray(start, start + width), present.length * width)
      present.push(this.#labels[series]!)
    }
    return { present, values: this.#asShown(values.subarray(0, present.length * width)) }
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
  }
}

/** The types whose numbers stay when their process is gone. */
export const ADDED_FOR_EVER: ReadonlySet<FamilyType> = new Set(['counter', 'histogram', 'summary'])

/** What a sum begins with. */
function startOf(merge: Merge): number {
  if (merge === 'max' || merge === 'latest') return Number.NEGATIVE_INFINITY
  return merge === 'min' ? Number.POSITIVE_INFINITY : 0
}

function everySecond(values: Float64Array, of: (first: number, second: number) => number): Float64Array {
  return new Float64Array(values.length / 2).map((_, i) => of(values[2 * i]!, values[2 * i + 1]!))
}

function quantilesKey(name: string): string {
  return `${name}{quantile}`
}

/** Two definitions with the same signature can be added up. */
export function signatureOf({ name, type, labels, buckets, merge }: Definition): string {
  return JSON.stringify([name, type, labels, buckets, merge])
}

/** A list of small whole numbers that costs four bytes each. */
class IntList {
  items = new Int32Array(16)
  length = 0

  push(item: number): void {
    if (this.length === this.items.length) {
      const larger = new Int32Array(this.length * 2)
      larger.set(this.items)
      this.items = larger
    }
    this.items[this.length++] = item
  }

  /** Puts the last item in the place of the one at `index`. */
  removeAt(index: number): void {
    this.items[index] = this.items[--this.length]!
  }
}
