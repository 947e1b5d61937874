import { Changes } from '../snapshot/changes.ts'
import type { Source } from '../snapshot/source.ts'
import { HEADER_SLOTS } from '../store/header.ts'
import { applyEntry, type EntryHeader, headerOf } from './entry.ts'
import { MemberNames } from './member-names.ts'
import type { Shape } from './shape.ts'

/** One herd in a group: the names of one epoch, and the numbers of the newest entry. */
export class Member implements Source {
  readonly worker = undefined
  readonly startedAt: number
  readonly epoch: number
  readonly names: MemberNames
  /** True once its host counts as departed: its counters are included, its gauges are not. */
  isExited = false
  values: Float64Array = new Float64Array(HEADER_SLOTS)
  readonly changes: Changes = new Changes()

  constructor(startedAt: number, epoch: number, shape: Shape) {
    this.startedAt = startedAt
    this.epoch = epoch
    this.names = new MemberNames(shape)
  }

  /** Applies an entry that follows the last one, or a full one. Throws if it is damaged. */
  apply(bytes: Buffer, { isFull, slots }: EntryHeader = headerOf(bytes)): void {
    if (slots > MAX_SLOTS) throw new Error('a damaged entry')
    if (slots > this.values.length) {
      const larger = new Float64Array(slots)
      if (!isFull) larger.set(this.values)
      this.changes.mark(this.values.length, slots)
      this.values = larger
    }
    applyEntry(bytes, this.values, (begin, end) => this.changes.mark(begin, end))
  }
}

/** 512 MiB of numbers. */
const MAX_SLOTS = 2 ** 26
