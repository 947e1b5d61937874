import { headerOf } from './entry.ts'
import { Member } from './member.ts'
import { type Aggregate, Shape } from './shape.ts'

/** A herd of the group, from the moment when its counters began at 0 to its departure. */
export interface LifeFacts {
  /** Identifies it in its group. */
  readonly id: string
  readonly instance: string
  readonly startedAt: number
}

/** One number of a push, and what was pushed. */
export type Push = readonly [seq: number, entry: Buffer]

/** A life as a reader knows it. */
export class Life implements LifeFacts {
  readonly id: string
  readonly instance: string
  readonly startedAt: number
  readonly #aggregate: Aggregate
  /** The last push that was read; 0 before the first. */
  seq = 0
  /** Until when it is live without another push, in milliseconds by the clock of the engine. */
  deadline = 0
  /** What was read of it; undefined where that is nothing yet. */
  member: Member | undefined
  /** True where a version that this one does not know has written it, or where it is damaged. */
  isUnreadable = false
  /** Since when it is seen to be past its deadline, by the clock of this process in milliseconds. */
  expiredSince: number | undefined

  constructor({ id, instance, startedAt }: LifeFacts, aggregate: Aggregate) {
    this.id = id
    this.instance = instance
    this.startedAt = startedAt
    this.#aggregate = aggregate
  }

  /** Where its names have to be read on: their epoch, and how many bytes of it are known. */
  get namesRead(): { readonly epoch: number; readonly bytes: number } {
    return { epoch: this.member?.epoch ?? 0, bytes: this.member?.names.bytes ?? 0 }
  }

  /**
   * Brings in what was pushed after `seq`, and what its names have gained. False where something between is missing, and
   * all of it has to be read with `begin`. Throws where it is damaged.
   */
  goOn(pushes: readonly Push[], names: Buffer): boolean {
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

  /** Reads it from its beginning: all pushes that are there, of which the first is full, and all names of an epoch. */
  begin(pushes: readonly Push[], names: { readonly epoch: number; readonly bytes: Buffer }): boolean {
    const last = pushes.at(-1)
    // Numbers that a failover has brought back are older than those that were read.
    if (last === undefined || last[0] < this.seq) return false
    const first = pushes.findLastIndex(([, entry]) => headerOf(entry).isFull)
    if (first < 0 || headerOf(last[1]).epoch !== names.epoch) return false
    const before = { member: this.member, seq: this.seq }
    this.member = new Member(this.startedAt, names.epoch, new Shape(this.#aggregate, this.instance))
    this.seq = pushes[first]![0] - 1
    if (this.goOn(pushes.slice(first), names.bytes)) return true
    this.member = before.member
    this.seq = before.seq
    return false
  }
}
