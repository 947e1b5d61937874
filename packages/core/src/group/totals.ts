import { RetiredTotals } from '../herd/retiring/retired-totals.ts'
import { Changes } from '../snapshot/changes.ts'
import { CUMULATIVE_TYPES } from '../snapshot/merge/sums.ts'
import type { Source } from '../snapshot/source.ts'
import type { Task } from '../snapshot/task.ts'
import { isAbsent } from '../store/absent.ts'
import { decodeLine, encodeLine, type FamilyLine, type SeriesLine } from '../store/catalog.ts'
import { HEADER_SLOTS } from '../store/header.ts'
import type { Member } from './member.ts'
import { MemberNames } from './member-names.ts'
import { Shape } from './shape.ts'

/** The stored totals of a group's departed members. */
export interface StoredTotals {
  /** Two totals of one lineage differ only in how much was added to them. */
  readonly lineage: string
  readonly version: number
  readonly names: Buffer
  readonly values: Buffer
}

/** The totals as a source: counters, histograms and summaries only. */
export class TotalsSource implements Source {
  readonly worker = undefined
  readonly startedAt = 0
  readonly isExited = true
  readonly names: MemberNames = new MemberNames(new Shape('sum', ''))
  values: Float64Array = new Float64Array(HEADER_SLOTS)
  readonly changes: Changes = new Changes()
  #stored: StoredTotals

  constructor(stored: StoredTotals) {
    this.#stored = stored
    this.names.append(stored.names)
    this.#setValues()
  }

  get stored(): StoredTotals {
    return this.#stored
  }

  /** Replaces the totals with newer ones; returns false if those do not continue the current ones. */
  update(stored: StoredTotals): boolean {
    const known = this.#stored.names
    if (stored.lineage !== this.#stored.lineage || !stored.names.subarray(0, known.length).equals(known)) return false
    this.names.append(stored.names.subarray(known.length))
    this.#stored = stored
    this.#setValues()
    return true
  }

  #setValues(): void {
    const values = numbersIn(this.#stored.values)
    this.changes.mark(0, Math.max(values.length, this.values.length))
    this.values = values
  }
}

/** Adds the counts of `members` to the totals. */
export function* foldInto(
  { lineage, version, names, values }: StoredTotals,
  members: readonly Member[],
): Task<StoredTotals> {
  const totals = new RetiredTotals()
  totals.begin(numbersIn(values), names.length)
  for (const text of names.toString().split('\n')) {
    const line = text === '' ? undefined : decodeLine(text)
    if (line !== undefined) totals.addLine(line)
    yield
  }
  for (const member of members) {
    const families: FamilyLine[] = []
    const series: SeriesLine[] = []
    for (const line of member.names.all()) {
      if (line.kind === 'series') {
        if (line.slot < member.values.length && !isAbsent(member.values, line.slot)) series.push(line)
      } else if (CUMULATIVE_TYPES.has(line.type)) families.push(line)
    }
    yield* totals.add({ worker: 0 }, member, { families, series })
  }
  const added = totals.takeNewNames().map(encodeLine).join('')
  const numbers = totals.values.slice(0, totals.length)
  return {
    lineage,
    version: version + 1,
    names: Buffer.concat([names, Buffer.from(added)]),
    values: Buffer.from(numbers.buffer),
  }
}

/** Converts bytes to numbers; the bytes may have any alignment. */
function numbersIn(bytes: Buffer): Float64Array {
  const values = new Float64Array(Math.max(HEADER_SLOTS, Math.floor(bytes.length / 8)))
  bytes.copy(Buffer.from(values.buffer))
  return values
}
