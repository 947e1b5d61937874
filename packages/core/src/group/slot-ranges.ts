import type { SlotRange } from './entry.ts'

/** The changed slots, as ranges. A range costs as much as a number, so ranges with a gap of one slot are joined. */
export class SlotRanges {
  readonly list: SlotRange[] = []

  add(begin: number, end: number): void {
    const last = this.list.at(-1)
    if (last !== undefined && begin >= last[0] && begin <= last[1] + GAP) {
      this.list[this.list.length - 1] = [last[0], Math.max(last[1], end)]
    } else this.list.push([begin, end])
  }
}

const GAP = 1
