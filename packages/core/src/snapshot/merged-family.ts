import { isAbsent } from '../store/absent.ts'
import type { Definition } from '../store/catalog.ts'
import type { Exemplar } from '../store/exemplar.ts'
import { IntList } from './int-list.ts'
import { SeriesIndex } from './series-index.ts'
import type { Exemplars, Family, SnapshotType } from './snapshot.ts'
import type { Source } from './source.ts'
import type { Steps } from './steps.ts'
import { ADDED_FOR_EVER, Sums } from './sums.ts'

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
  readonly #series: SeriesIndex
  readonly #sums: Sums
  /** The round in which each series was last added to. */
  readonly #rounds = new IntList()
  #countsTo = new IntList()
  #countsFor: MergedFamily | undefined
  /** By series and bucket; undefined where nobody has given any. */
  #exemplars: Map<number, (Exemplar | undefined)[]> | undefined

  constructor(definition: Definition) {
    this.definition = definition
    this.key = definition.type === 'quantiles' ? quantilesKey(definition.name) : definition.name
    this.#series = new SeriesIndex(definition.countsInto !== undefined)
    this.#sums = new Sums(definition)
  }

  /** True for numbers that mean nothing without the process that they are about. */
  get isOfTheLiving(): boolean {
    return !ADDED_FOR_EVER.has(this.definition.type)
  }

  clear(): void {
    this.#sums.clear()
    this.#exemplars = undefined
    this.since = 0
  }

  /** The number of the series with these label values, made at its first use. */
  seriesOf(labels: readonly string[], overflow: boolean): number {
    const series = this.#series.numberOf(labels, overflow)
    if (series === this.#rounds.length) {
      this.#rounds.push(0)
      this.#sums.makeRoom(series)
    }
    return series
  }

  /** One more column has the series. */
  hold(series: number): void {
    this.#series.hold(series)
  }

  /** One column less has the series: the last one leaves its number to another. */
  letGo(series: number): void {
    if (!this.#series.letGo(series)) return
    this.#rounds.items[series] = 0
    this.#sums.forget(series)
  }

  *add(source: Source, places: Places, round: number): Steps<void> {
    const { sinceSlot, since } = places
    this.lastRound = round
    const startedAt = sinceSlot === undefined ? source.startedAt : (source.values[sinceSlot] ?? 0)
    this.since = Math.max(this.since, startedAt, since)
    for (let begin = 0; begin < places.from.length; begin += SERIES_A_STEP) {
      if (begin > 0) yield
      this.#addSome(source.values, places, round, begin)
    }
  }

  #addSome(values: Float64Array, { from, to }: Places, round: number, begin: number): void {
    const width = this.#sums.sourceWidth
    const end = Math.min(begin + SERIES_A_STEP, from.length)
    for (let i = begin; i < end; i++) {
      const slot = from.items[i]!
      // A values file that was cut short: the series is there again when its slots are.
      if (slot + width > values.length) continue
      if (Number.isNaN(values[slot]) && isAbsent(values, slot)) continue
      const series = to.items[i]!
      this.#rounds.items[series] = round
      this.#sums.add(series, values, slot)
    }
  }

  /** Takes in an exemplar of the series with these label values. Of several for one bucket the newest stands. */
  addExemplar(labels: readonly string[], exemplar: Exemplar): void {
    const { type, buckets } = this.definition
    if (type !== 'counter' && type !== 'histogram') return
    const series = this.#series.find(labels)
    if (series === undefined) return
    this.#exemplars ??= new Map()
    const own = this.#exemplars.get(series) ?? []
    this.#exemplars.set(series, own)
    const bound = type === 'counter' ? 0 : buckets.findIndex(each => exemplar.value <= each)
    const bucket = bound < 0 ? buckets.length : bound
    const other = own[bucket]
    if (other === undefined || exemplar.timestamp > other.timestamp) own[bucket] = exemplar
  }

  /** Adds the counts of this family's series to `counter`, which then knows the series of both. */
  *addCountsTo(counter: MergedFamily, round: number): Steps<void> {
    const buckets = this.definition.buckets.length + 1
    counter.lastRound = round
    counter.#series.isKept = true
    if (this.#countsFor !== counter) this.#countsTo = new IntList()
    this.#countsFor = counter
    for (let series = 0; series < this.#series.size; series++) {
      if (series % SERIES_A_STEP === SERIES_A_STEP - 1) yield
      if (series === this.#countsTo.length) {
        this.#countsTo.push(counter.seriesOf(this.#series.labels[series]!, this.#series.isOverflow(series)))
      }
      if (this.#rounds.items[series] !== round) continue
      const target = this.#countsTo.items[series]!
      counter.#sums.addOne(target, this.#sums.total(series, buckets))
      counter.#rounds.items[target] = round
    }
  }

  /** The family as it stands after this round. */
  *take(round: number, quantiles: MergedFamily | undefined): Steps<Family> {
    const { name, type, help, labels, buckets, merge } = this.definition
    const shown = yield* this.#shown(round)
    const kept = quantiles?.lastRound === round ? quantiles : undefined
    return {
      name,
      type: type as SnapshotType,
      help,
      labelNames: merge === 'worker' ? [...labels, 'worker'] : labels,
      buckets,
      width: this.#sums.shownWidth,
      ...shown,
      ...(kept === undefined ? {} : { quantiles: yield* kept.#takeQuantiles(round) }),
    }
  }

  *#takeQuantiles(round: number): Steps<NonNullable<Family['quantiles']>> {
    return { labelNames: [...this.definition.labels, 'worker'], ...(yield* this.#shown(round)) }
  }

  /** The series that somebody still has, with their numbers as a snapshot shows them. */
  *#shown(round: number): Steps<Pick<Family, 'labels' | 'values' | 'exemplars'>> {
    const width = this.#sums.shownWidth
    const labels: (readonly string[])[] = []
    const values = new Float64Array(this.#series.size * width)
    const exemplars = this.#exemplars && new Map<number, Exemplars>()
    for (let series = 0; series < this.#series.size; series++) {
      if (series % SERIES_A_STEP === SERIES_A_STEP - 1) yield
      if (this.#rounds.items[series] !== round) continue
      if (this.#series.isOverflow(series) && this.#sums.isZero(series)) continue
      if (!this.isOfTheLiving) this.#sums.keepFromFalling(series)
      this.#sums.show(series, values, labels.length * width)
      const own = this.#exemplars?.get(series)
      if (own !== undefined) exemplars?.set(labels.length, own)
      labels.push(this.#series.labels[series]!)
    }
    const shown = { labels, values: values.subarray(0, labels.length * width) }
    return exemplars === undefined ? shown : { ...shown, exemplars }
  }
}

/** Histograms with 15 buckets take some 20 µs, and ten times that before the code is compiled. */
const SERIES_A_STEP = 512

/** What the two halves of a summary are told apart by. */
export function quantilesKey(name: string): string {
  return `${name}{quantile}`
}

/** Two definitions with the same signature can be added up. */
export function signatureOf({ name, type, labels, buckets, merge }: Definition): string {
  return JSON.stringify([name, type, labels, buckets, merge])
}
