import type { Definition } from '../../definitions/definition.ts'
import type { CatalogLine, RemovedLine, SeriesLine } from '../../store/catalog.ts'
import type { StoredExemplar } from '../../store/exemplar.ts'
import { HEADER } from '../../store/header.ts'
import type { KnownSeries, Source } from '../source.ts'
import type { Task } from '../task.ts'
import { Column } from './column.ts'
import type { MergedFamily } from './merged-family.ts'

type FamilyOf = (definition: Definition) => MergedFamily

/** A line with a new series takes about 1 µs, and ten times that before the code is compiled. */
const LINES_PER_STEP = 64

/** The columns of one source: for each of its families, the series of the sum that its series are added to. */
export class SourceColumns implements KnownSeries {
  readonly #columns = new Map<number, Column<MergedFamily>>()
  /** Series whose slots belonged to other series in the numbers that were read last. */
  #waiting: SeriesLine[] = []

  /** Releases the series; those that no other source has are removed. */
  release(): void {
    for (const column of this.#columns.values()) column.release()
  }

  /** Processes new lines of the source's catalog. */
  *readNames(source: Source, familyOf: FamilyOf): Task<void> {
    for (const line of this.#waiting.splice(0)) this.#addSeries(source, line)
    while (this.#readLines(source, familyOf)) yield
  }

  /** Processes the lines of one step; returns false if there are no more. */
  #readLines(source: Source, familyOf: FamilyOf): boolean {
    for (let read = 0; read < LINES_PER_STEP; read++) {
      const line = source.names.next(this)
      if (line === undefined) return false
      if (line !== 'known') this.#apply(source, line, familyOf)
    }
    return true
  }

  addAt(family: number, values: string, slot: number): boolean {
    const column = this.#columns.get(family)
    if (column === undefined || column.isApart) return false
    const series = column.family.find(values)
    if (series === undefined) return false
    column.add(slot, series)
    return true
  }

  #apply(source: Source, line: CatalogLine, familyOf: FamilyOf): void {
    if (line.kind === 'family')
      this.#columns.set(line.index, new Column(familyOf(line), line, addsWorker(source, line)))
    if (line.kind === 'series') this.#addSeries(source, line)
    if (line.kind === 'removed') this.#remove(line)
    if (line.kind === 'withdrawn') this.#withdraw(line.family)
  }

  #addSeries(source: Source, line: SeriesLine): void {
    const column = this.#columns.get(line.family)
    if (column === undefined) return
    if (line.generation !== undefined && line.generation > source.values[HEADER.generation]!) {
      this.#waiting.push(line)
      return
    }
    const values = labelValuesIn(column, source.worker, line.values)
    if (values !== undefined) column.add(line.slot, column.family.seriesOf(values, line.overflow === true))
  }

  #remove({ family, slot }: RemovedLine): void {
    const waiting = this.#waiting.findIndex(line => line.slot === slot)
    if (waiting >= 0) this.#waiting.splice(waiting, 1)
    else this.#columns.get(family)?.remove(slot)
  }

  #withdraw(family: number): void {
    this.#waiting = this.#waiting.filter(line => line.family !== family)
    this.#columns.get(family)?.release()
    this.#columns.delete(family)
  }

  /** The value of the source's only series in this family. */
  valueIn(source: Source, { name }: Definition): number | undefined {
    for (const { family, from } of this.#columns.values()) {
      if (family.definition.name === name && from.length === 1) return source.values[from.items[0]!]
    }
    return undefined
  }

  /** Adds the source to its families for this round. */
  *join(source: Source, round: number): Task<void> {
    for (const column of this.#columns.values()) {
      if (!source.isExited || !column.family.describesProcess) column.family.join(source, column, round)
    }
    if (source.exemplars !== undefined && source.exemplars.length > 0)
      yield* this.#addExemplars(source.exemplars, source)
  }

  *#addExemplars(exemplars: readonly StoredExemplar[], source: Source): Task<void> {
    const columns = new Map<string, Column<MergedFamily>>()
    for (const column of this.#columns.values()) columns.set(column.family.definition.name, column)
    let added = 0
    for (const { family, series, exemplar } of exemplars) {
      const column = columns.get(family)
      const values = column && labelValuesIn(column, source.worker, series)
      if (values !== undefined) column?.family.addExemplar(values, exemplar)
      if (++added % LINES_PER_STEP === 0) yield
    }
  }
}

/**
 * The label values of a series in the sum; undefined if their number does not match the family's labels, which means
 * damage.
 */
function labelValuesIn(
  { family, isApart }: Column<MergedFamily>,
  worker: number | undefined,
  values: readonly string[],
): readonly string[] | undefined {
  const { labels, aggregator } = family.definition
  if (values.length !== labels.length + Number(aggregator === 'worker' && !isApart)) return undefined
  return isApart ? [...values, String(worker)] : values
}

/** True if the worker is appended to the label values; in retired totals the series already contain it. */
function addsWorker({ worker }: Source, { aggregator }: Definition): boolean {
  return aggregator === 'worker' && worker !== undefined
}
