import { type Definition, keyOfFamily } from '../../definitions/definition.ts'
import { isAbsent } from '../../store/absent.ts'
import type { Exemplar } from '../../store/exemplar.ts'
import type { Family, SnapshotType } from '../snapshot.ts'
import type { Source } from '../source.ts'
import type { Task } from '../task.ts'
import { BlockSet } from './block-set.ts'
import type { Column } from './column.ts'
import { NewestExemplars } from './newest-exemplars.ts'
import { SeriesIndex, textOf } from './series-index.ts'
import { SeriesLinks } from './series-links.ts'
import { SnapshotSeries } from './snapshot-series.ts'
import { CUMULATIVE_TYPES, Sums } from './sums.ts'

/**
 * The sum of one family over all sources.
 *
 * In each round, sources `join`, `findChanges` marks the blocks of series that may have changed, `addUp` recomputes
 * those blocks, and `take` returns the result. Marks stay until the result was returned.
 */
export class MergedFamily {
  readonly definition: Definition
  readonly key: string
  /** The last round in which a source had the family, and the declaration time of the newest of those sources. */
  lastRound = 0
  since = 0
  readonly #series: SeriesIndex
  readonly #sums: Sums
  /** 1 for each series that a source has. */
  #present: Uint8Array = new Uint8Array(16)
  #members: Member[] = []
  #membersBefore: Member[] = []
  readonly #changed = new BlockSet()
  readonly #output: SnapshotSeries
  /** The histogram whose counts are added to this counter, and how their series correspond. */
  #counted: MergedFamily | undefined
  #links = new SeriesLinks()
  readonly #exemplars = new NewestExemplars()

  constructor(definition: Definition) {
    this.definition = definition
    this.key = keyOfFamily(definition)
    this.#series = new SeriesIndex(definition.countsInto !== undefined)
    this.#sums = new Sums(definition)
    this.#output = new SnapshotSeries(this.#sums.width)
  }

  /** True for numbers that describe a running process: they are omitted once it has exited. */
  get describesProcess(): boolean {
    return !CUMULATIVE_TYPES.has(this.definition.type)
  }

  /** The id of the series with these label values, created at the first use. */
  seriesOf(labels: readonly string[], overflow: boolean): number {
    const { size } = this.#series
    const series = this.#series.numberOf(labels, overflow)
    if (this.#series.size > size) {
      this.#sums.makeRoom(series)
      if (series >= this.#present.length) this.#present = enlarged(this.#present)
    }
    return series
  }

  /** The id of the series with these label values, given as JSON, if a source has it. */
  find(text: string): number | undefined {
    return this.#series.find(text)
  }

  /** Adds one column that uses the series. */
  retain(series: number): void {
    this.#series.retain(series)
    this.#changed.addAll()
  }

  /** Removes one column that uses the series. After the last one its id can be reused. */
  release(series: number): void {
    this.#changed.addAll()
    if (this.#series.release(series)) this.#sums.forget(series)
  }

  /** Adds a source that has the family in this round. */
  join(source: Source, column: Column<MergedFamily>, round: number): void {
    if (this.lastRound !== round) this.#begin(round)
    this.#members.push({ source, column })
    this.since = Math.max(this.since, column.declaredAt(source))
  }

  #begin(round: number): void {
    // Changes in rounds without this family are unknown.
    if (this.lastRound !== round - 1) this.#changed.addAll()
    this.lastRound = round
    this.since = 0
    this.#membersBefore = this.#members
    this.#members = []
    this.#exemplars.clear()
  }

  /** Releases its sources, since it is not part of this round. */
  releaseSources(): void {
    this.#members = []
    this.#membersBefore = []
  }

  /** Adds an exemplar of the series with these label values. */
  addExemplar(labels: readonly string[], exemplar: Exemplar): void {
    const { type } = this.definition
    if (type !== 'counter' && type !== 'histogram') return
    const series = this.#series.find(textOf(labels))
    if (series !== undefined) this.#exemplars.add(this.definition, series, exemplar)
  }

  /** Marks the blocks of series with a changed number in some source. */
  *findChanges(): Task<void> {
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

  /** Sets the histogram whose counts are added to this counter, and marks the blocks in which they changed. */
  *countFrom(histogram: MergedFamily | undefined): Task<void> {
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
      if (series % SERIES_PER_STEP === SERIES_PER_STEP - 1) yield
    }
    if (histogram.#changed.isAll) this.#changed.addAll()
    else for (const series of histogram.#changed.series(size)) this.#changed.add(this.#links.targetOf(series))
  }

  /** Recomputes the marked blocks. */
  *addUp(): Task<void> {
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

  /** Adds a source's series at the positions from `begin` to before `end` of its column. */
  #add(values: Float64Array, { from, to }: Column<MergedFamily>, begin: number, end: number): void {
    const width = this.#sums.sourceWidth
    for (let i = begin; i < end; i++) {
      const slot = from.items[i]!
      // The values file was truncated: the series reappears when its slots are back.
      if (slot + width > values.length) continue
      if (Number.isNaN(values[slot]) && isAbsent(values, slot)) continue
      this.#present[to.items[i]!] = 1
      this.#sums.add(to.items[i]!, values, slot)
    }
  }

  /** Adds the counts of the histogram's series to the marked series, which are then present as well. */
  *addCounts(): Task<void> {
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

  /** The family after this round. */
  *take(quantiles: MergedFamily | undefined): Task<Family> {
    const { name, type, help, labels, buckets, aggregator } = this.definition
    const series = yield* this.#takeSeries()
    return {
      name,
      type: type as SnapshotType,
      help,
      labelNames: aggregator === 'worker' ? [...labels, 'worker'] : labels,
      buckets,
      aggregator,
      ...series,
      ...(quantiles === undefined ? {} : { quantiles: yield* quantiles.#takeQuantiles() }),
    }
  }

  *#takeQuantiles(): Task<NonNullable<Family['quantiles']>> {
    const { labels, aggregator } = this.definition
    return { labelNames: aggregator === 'worker' ? [...labels, 'worker'] : labels, ...(yield* this.#takeSeries()) }
  }

  /** The series that some source still has, with their numbers as in a snapshot. */
  *#takeSeries(): Task<Pick<Family, 'labels' | 'values' | 'exemplars'>> {
    const series = yield* this.#output.update(this.#series.labels, this.#changed, this)
    this.#changed.clear()
    const exemplars = this.#exemplars.at(series => this.#output.placeOf(series))
    return exemplars === undefined ? series : { ...series, exemplars }
  }

  /** True for a series that is part of the snapshot. */
  isIncluded(series: number): boolean {
    return this.#present[series] === 1 && !(this.#series.isOverflow(series) && this.#sums.isZero(series))
  }

  /** Writes the snapshot's numbers of a series to `values`, from `at` on. */
  writeTo(series: number, values: Float64Array, at: number): void {
    if (!this.describesProcess) this.#sums.keepFromFalling(series)
    this.#sums.writeTo(series, values, at)
  }
}

/** A source that has the family, and its column. */
interface Member {
  readonly source: Source
  readonly column: Column<MergedFamily>
}

const SERIES_PER_STEP = 512

function enlarged(flags: Uint8Array): Uint8Array {
  const larger = new Uint8Array(flags.length * 2)
  larger.set(flags)
  return larger
}
