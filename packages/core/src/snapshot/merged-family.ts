import { isAbsent } from '../store/absent.ts'
import type { Definition } from '../store/catalog.ts'
import type { Exemplar } from '../store/exemplar.ts'
import { BlockSet } from './block-set.ts'
import type { Column } from './column.ts'
import { quantilesKey } from './family-key.ts'
import { NewestExemplars } from './newest-exemplars.ts'
import { SeriesIndex, textOf } from './series-index.ts'
import { SeriesLinks } from './series-links.ts'
import { ShownSeries } from './shown-series.ts'
import type { Family, SnapshotType } from './snapshot.ts'
import type { Source } from './source.ts'
import type { Steps } from './steps.ts'
import { ADDED_FOR_EVER, Sums } from './sums.ts'

/**
 * The sum of one family over all sources.
 *
 * A round goes: sources `join`, `findChanges` marks the blocks of series in which anything may be different, `addUp`
 * makes those anew, and `take` shows them. What is marked stays so until it was shown.
 */
export class MergedFamily {
  readonly definition: Definition
  readonly key: string
  /** The round in which some source last had it, and when the newest of those meanings was declared. */
  lastRound = 0
  since = 0
  readonly #series: SeriesIndex
  readonly #sums: Sums
  /** 1 for the series that some source has. */
  #present: Uint8Array = new Uint8Array(16)
  #members: Member[] = []
  #membersBefore: Member[] = []
  readonly #changed = new BlockSet()
  readonly #shown: ShownSeries
  /** The histogram whose counts are added to this counter, and which of its series to which. */
  #counted: MergedFamily | undefined
  #links = new SeriesLinks()
  readonly #exemplars = new NewestExemplars()

  constructor(definition: Definition) {
    this.definition = definition
    this.key = definition.type === 'quantiles' ? quantilesKey(definition.name) : definition.name
    this.#series = new SeriesIndex(definition.countsInto !== undefined)
    this.#sums = new Sums(definition)
    this.#shown = new ShownSeries(this.#sums.width)
  }

  /** True for numbers that mean nothing without the process that they are about. */
  get isOfTheLiving(): boolean {
    return !ADDED_FOR_EVER.has(this.definition.type)
  }

  /** The number of the series with these label values, made at its first use. */
  seriesOf(labels: readonly string[], overflow: boolean): number {
    const { size } = this.#series
    const series = this.#series.numberOf(labels, overflow)
    if (this.#series.size > size) {
      this.#sums.makeRoom(series)
      if (series >= this.#present.length) this.#present = enlarged(this.#present)
    }
    return series
  }

  /** The number of the series whose label values read so as JSON, if somebody has it. */
  find(text: string): number | undefined {
    return this.#series.find(text)
  }

  /** One more column has the series. */
  hold(series: number): void {
    this.#series.hold(series)
    this.#changed.addAll()
  }

  /** One column less has the series: the last one leaves its number to another. */
  letGo(series: number): void {
    this.#changed.addAll()
    if (this.#series.letGo(series)) this.#sums.forget(series)
  }

  /** One more source has the family in this round. */
  join(source: Source, column: Column<MergedFamily>, round: number): void {
    if (this.lastRound !== round) this.#begin(round)
    this.#members.push({ source, column })
    this.since = Math.max(this.since, column.declaredAt(source))
  }

  #begin(round: number): void {
    // What happened in rounds that it had no part in is not known.
    if (this.lastRound !== round - 1) this.#changed.addAll()
    this.lastRound = round
    this.since = 0
    this.#membersBefore = this.#members
    this.#members = []
    this.#exemplars.clear()
  }

  /** Lets go of its sources, since it has no part in a round. */
  rest(): void {
    this.#members = []
    this.#membersBefore = []
  }

  /** Takes in an exemplar of the series with these label values. */
  addExemplar(labels: readonly string[], exemplar: Exemplar): void {
    const { type } = this.definition
    if (type !== 'counter' && type !== 'histogram') return
    const series = this.#series.find(textOf(labels))
    if (series !== undefined) this.#exemplars.add(this.definition, series, exemplar)
  }

  /** Marks the blocks of series in which some source has changed a number. */
  *findChanges(): Steps<void> {
    const before = this.#membersBefore
    const isSame = ({ source, column }: Member, i: number) =>
      source === before[i]?.source && column === before[i]?.column
    if (this.#members.length !== before.length || !this.#members.every(isSame)) this.#changed.addAll()
    const width = this.#sums.sourceWidth
    for (const { source, column } of this.#members) {
      if (this.#changed.isAll) return
      if (source.changes === undefined) this.#changed.addAll()
      else if (source.changes.some) column.markChanged(source.changes, width, this.#changed)
      yield
    }
  }

  /** Says whose counts are added to this counter's own, and marks what is different in them. */
  *countFrom(histogram: MergedFamily | undefined): Steps<void> {
    if (histogram !== this.#counted) {
      this.#counted = histogram
      this.#links = new SeriesLinks()
      this.#changed.addAll()
    }
    if (histogram === undefined) return
    this.#series.isKept = true
    const { labels, size } = histogram.#series
    for (let series = this.#links.length; series < size; series++) {
      this.#links.add(this.seriesOf(labels[series]!, histogram.#series.isOverflow(series)))
      this.#changed.addAll()
      if (series % SERIES_A_STEP === SERIES_A_STEP - 1) yield
    }
    if (histogram.#changed.isAll) this.#changed.addAll()
    else for (const series of histogram.#changed.series(size)) this.#changed.add(this.#links.targetOf(series))
  }

  /** Adds up anew what is marked. */
  *addUp(): Steps<void> {
    const { size } = this.#series
    const columns = []
    for (const { source, column } of this.#members) {
      columns.push({ values: source.values, column, starts: column.startsOf(this.#changed.countIn(size)) })
      yield
    }
    for (const [block, begin, end] of this.#changed.blocks(size)) {
      this.#sums.clear(block)
      this.#present.fill(0, begin, end)
      for (const { values, column, starts } of columns) this.#add(values, column, starts[block]!, starts[block + 1]!)
      yield
    }
  }

  /** Adds what a source has of those of its series that stand from `begin` to before `end` in its column. */
  #add(values: Float64Array, { from, to }: Column<MergedFamily>, begin: number, end: number): void {
    const width = this.#sums.sourceWidth
    for (let i = begin; i < end; i++) {
      const slot = from.items[i]!
      // A values file that was cut short: the series is there again when its slots are.
      if (slot + width > values.length) continue
      if (Number.isNaN(values[slot]) && isAbsent(values, slot)) continue
      this.#present[to.items[i]!] = 1
      this.#sums.add(to.items[i]!, values, slot)
    }
  }

  /** Adds the counts of the histogram's series to those that are marked, which then are there as well. */
  *addCounts(): Steps<void> {
    const histogram = this.#counted
    if (histogram === undefined) return
    const buckets = histogram.definition.buckets.length + 1
    for (const [, begin, end] of this.#changed.blocks(this.#series.size)) {
      for (let series = begin; series < end; series++) {
        const counted = this.#links.originOf(series)
        if (counted === undefined || histogram.#present[counted] === 0) continue
        this.#sums.addOne(series, histogram.#sums.total(counted, buckets))
        this.#present[series] = 1
      }
      yield
    }
  }

  /** The family as it stands after this round. */
  *take(quantiles: MergedFamily | undefined): Steps<Family> {
    const { name, type, help, labels, buckets, merge } = this.definition
    const shown = yield* this.#show()
    return {
      name,
      type: type as SnapshotType,
      help,
      labelNames: merge === 'worker' ? [...labels, 'worker'] : labels,
      buckets,
      merge,
      ...shown,
      ...(quantiles === undefined ? {} : { quantiles: yield* quantiles.#takeQuantiles() }),
    }
  }

  *#takeQuantiles(): Steps<NonNullable<Family['quantiles']>> {
    const { labels, merge } = this.definition
    return { labelNames: merge === 'worker' ? [...labels, 'worker'] : labels, ...(yield* this.#show()) }
  }

  /** The series that somebody still has, with their numbers as a snapshot shows them. */
  *#show(): Steps<Pick<Family, 'labels' | 'values' | 'exemplars'>> {
    const shown = yield* this.#shown.update(this.#series.labels, this.#changed, this)
    this.#changed.clear()
    const exemplars = this.#exemplars.at(series => this.#shown.placeOf(series))
    return exemplars === undefined ? shown : { ...shown, exemplars }
  }

  /** True for a series that is shown. */
  isShown(series: number): boolean {
    return this.#present[series] === 1 && !(this.#series.isOverflow(series) && this.#sums.isZero(series))
  }

  /** Writes the numbers of a series as a snapshot shows them to `values`, from `at` on. */
  show(series: number, values: Float64Array, at: number): void {
    if (!this.isOfTheLiving) this.#sums.keepFromFalling(series)
    this.#sums.show(series, values, at)
  }
}

/** A source that has the family, and where. */
interface Member {
  readonly source: Source
  readonly column: Column<MergedFamily>
}

const SERIES_A_STEP = 512

function enlarged(flags: Uint8Array): Uint8Array {
  const larger = new Uint8Array(flags.length * 2)
  larger.set(flags)
  return larger
}
