import { VERSION } from '../base/version.ts'
import { INSTANCE_STATES, type InstanceState } from '../definitions/label-values.ts'
import { FAMILIES } from '../definitions/metrics.ts'
import { SelfSource } from '../herd/metrics/self-source.ts'
import { Merger } from '../snapshot/merge/merge.ts'
import { Numbers } from '../snapshot/numbers.ts'
import type { Family } from '../snapshot/snapshot.ts'
import type { Names, Source } from '../snapshot/source.ts'
import type { Task } from '../snapshot/task.ts'
import { Store } from '../store/store.ts'
import type { InstanceRun } from './instance-run.ts'
import type { Member } from './member.ts'
import { type Aggregate, Shape } from './shape.ts'
import { type StoredTotals, TotalsSource } from './totals.ts'

/**
 * The herds of many hosts as one set of families. The code for each engine reads the members; this class adds them up,
 * with the same merger that a herd uses for its stores: unchanged numbers are not added up again.
 */
export class Group {
  readonly #aggregate: Aggregate
  readonly #merger = new Merger()
  /** The self metrics of the endpoint. */
  readonly store: Store = new Store({ storage: 'memory', directory: undefined, worker: 0 })
  readonly #own: OwnSource
  readonly #sources = new Map<string, Member>()
  #totals: TotalsSource | undefined

  constructor(aggregate: Aggregate) {
    this.#aggregate = aggregate
    this.#own = new OwnSource(this.store, new Shape(aggregate, ''))
  }

  /** The totals of departed members, as they were last read. */
  get totals(): StoredTotals | undefined {
    return this.#totals?.stored
  }

  setTotals(stored: StoredTotals): void {
    if (this.#totals?.update(stored) === true) return
    if (this.#totals !== undefined) this.#merger.forget(this.#totals)
    this.#totals = new TotalsSource(stored)
  }

  /**
   * Adds up all runs. `isLive` returns whether the host of a run is still running. Run all steps of one sum before
   * the next.
   */
  *sum(runs: Iterable<InstanceRun>, isLive: (run: InstanceRun) => boolean): Task<Family[]> {
    const startedAt = performance.now()
    const all = [...runs]
    const states = all.map((run): InstanceState => {
      if (run.isUnreadable) return 'unreadable'
      if (!isLive(run)) return 'departed'
      return run.member === undefined ? 'unreadable' : 'live'
    })
    const members = this.#included(
      all.filter(({ member, isUnreadable }) => member !== undefined && !isUnreadable),
      isLive,
    )
    this.#forgetOthers(members)
    this.#own.refresh()
    this.#merger.begin()
    yield* this.#merger.add(this.#own)
    if (this.#aggregate === 'sum' && this.#totals !== undefined) yield* this.#merger.add(this.#totals)
    for (const member of members.values()) {
      yield* this.#merger.add(member)
      yield
    }
    const { families } = yield* this.#merger.finish()
    return [...families, ...this.#selfMetrics(states, families, startedAt)].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** The members to include, oldest first. */
  #included(runs: readonly InstanceRun[], isLive: (run: InstanceRun) => boolean): Map<string, Member> {
    const sorted = [...runs].sort((a, b) => a.startedAt - b.startedAt)
    const included = new Map<string, Member>()
    if (this.#aggregate === 'sum') {
      for (const run of sorted) {
        run.member!.isExited = !isLive(run)
        included.set(run.id, run.member!)
      }
      return included
    }
    // If two runs have the same instance name, the newer one is used: a series can appear only once.
    const newest = new Map(sorted.filter(isLive).map(run => [run.instance, run]))
    for (const run of newest.values()) included.set(run.id, run.member!)
    return included
  }

  #forgetOthers(members: ReadonlyMap<string, Member>): void {
    for (const [id, member] of this.#sources) {
      if (members.get(id) === member) continue
      this.#merger.forget(member)
      this.#sources.delete(id)
    }
    for (const [id, member] of members) this.#sources.set(id, member)
  }

  #selfMetrics(states: readonly InstanceState[], families: readonly Family[], startedAt: number): Family[] {
    const counts = INSTANCE_STATES.map(state => states.filter(each => each === state).length)
    const known = new Set(families.map(({ name }) => name))
    const own: Family[] = [
      gauge(
        FAMILIES.groupInstances,
        INSTANCE_STATES.map(state => [state]),
        counts,
      ),
    ]
    const seconds = (performance.now() - startedAt) / 1000
    // Hosts report these families too.
    if (!known.has(FAMILIES.scrapeDuration.name)) own.push(gauge(FAMILIES.scrapeDuration, [[]], [seconds]))
    if (!known.has(FAMILIES.buildInfo.name)) own.push(gauge(FAMILIES.buildInfo, [[VERSION]], [1]))
    return own.filter(({ name }) => !known.has(name))
  }
}

function gauge(
  { name, help, labels, aggregator }: (typeof FAMILIES)['groupInstances'],
  series: readonly (readonly string[])[],
  values: readonly number[],
): Family {
  return {
    name,
    type: 'gauge',
    help,
    labelNames: labels,
    buckets: [],
    aggregator,
    labels: series,
    values: Numbers.from(values),
  }
}

/**
 * The self metrics of this process, in the shape of the group: its label `instance` is empty, which is the same as
 * absent.
 */
class OwnSource implements Source {
  readonly worker = undefined
  readonly startedAt: number
  readonly isExited = false
  readonly names: Names
  readonly #self: SelfSource

  constructor(store: Store, shape: Shape) {
    this.startedAt = store.startedAt
    this.#self = new SelfSource(store)
    this.names = {
      next: known => {
        const line = this.#self.names.next(known)
        if (line === undefined || line === 'known') return line
        if (line.kind === 'family') return shape.family(line)
        return line.kind === 'series' ? shape.series(line) : line
      },
    }
  }

  get values(): Float64Array {
    return this.#self.values
  }

  get changes(): Source['changes'] {
    return this.#self.changes
  }

  refresh(): void {
    this.#self.refresh()
  }
}
