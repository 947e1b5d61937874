import { headerOf } from './entry.ts'
import { Member } from './member.ts'
import { type Aggregate, Shape } from './shape.ts'

/**
 * A run of an instance: one herd of the group, from the moment when its counters began at 0 to its departure. A host that
 * is restarted is the same instance and a new run.
 */
export interface RunFacts {
  /** Identifies the run in its group. */
  readonly id: string
  readonly instance: string
  readonly startedAt: number
}

/** The sequence number of a push, and its entry. */
export type Push = readonly [seq: number, entry: Buffer]

/** The state of a run in a reader. */
export class InstanceRun implements RunFacts {
  readonly id: string
  readonly instance: string
  readonly startedAt: number
  readonly #aggregate: Aggregate
  /** The last push that was read; 0 before the first. */
  seq = 0
  /** When it counts as departed without another push, in milliseconds by the clock of the engine. */
  deadline = 0
  /** The data read so far; undefined if there is none yet. */
  member: Member | undefined
  /** True if it was written by a version that this one does not know, or is damaged. */
  isUnreadable = false
  /** When this process first found it past its deadline, by its own clock in milliseconds. */
  expiredSince: number | undefined

  constructor({ id, instance, startedAt }: RunFacts, aggregate: Aggregate) {
    this.id = id
    this.instance = instance
    this.startedAt = startedAt
    this.#aggregate = aggregate
  }

  /** The position from which its names are read next: their epoch, and the number of known bytes. */
  get namesRead(): { readonly epoch: number; readonly bytes: number } {
    return { epoch: this.member?.epoch ?? 0, bytes: this.member?.names.bytes ?? 0 }
  }

  /**
   * Processes the pushes after `seq` and the new names. Returns false if something in between is missing, and all of it
   * must be read with `begin`. Throws if the data is damaged.
   */
  append(pushes: readonly Push[], names: Buffer): boolean {
    const { member } = this
    if (member === undefined) return false
    const headers = pushes.map(([, entry]) => headerOf(entry))
    let next = this.seq
    for (const [i, [seq]] of pushes.entries()) {
      const { isFull, epoch } = headers[i]!
      if (epoch !== member.epoch || (!isFull && seq !== next + 1)) return false
      next = seq
    }
    const namesBytes = Math.max(0, ...headers.map(each => each.namesBytes))
    if (member.names.bytes + names.length < namesBytes) return false
    member.names.append(names)
    for (const [i, [seq, entry]] of pushes.entries()) {
      member.apply(entry, headers[i])
      this.seq = seq
    }
    return true
  }

  /**
   * Reads it from its beginning: all existing pushes, of which the last full one is the start, and all names of an
   * epoch.
   */
  begin(pushes: readonly Push[], names: { readonly epoch: number; readonly bytes: Buffer }): boolean {
    const last = pushes.at(-1)
    // Numbers that reappear after a failover are older than those already read.
    if (last === undefined || last[0] < this.seq) return false
    const first = pushes.findLastIndex(([, entry]) => headerOf(entry).isFull)
    if (first < 0 || headerOf(last[1]).epoch !== names.epoch) return false
    const before = { member: this.member, seq: this.seq }
    this.member = new Member(this.startedAt, names.epoch, new Shape(this.#aggregate, this.instance))
    this.seq = pushes[first]![0] - 1
    if (this.append(pushes.slice(first), names.bytes)) return true
    this.member = before.member
    this.seq = before.seq
    return false
  }
}
