/**
 * The binary form of one push of numbers: a header, then ranges of numbers, each with its first slot. A full entry has
 * all numbers of its run; any other has only the changes since the entry before. Everything is little-endian, floats
 * are float64.
 *
 * | offset | content |
 * | --- | --- |
 * | 0 | format, one byte |
 * | 1 | 1 for a full entry, one byte |
 * | 4 | epoch of the names, uint32 |
 * | 8 | number of bytes of names in that epoch, uint32 |
 * | 12 | slots in use, uint32 |
 * | 16 | when the snapshot was taken by the clock of its host, float64 |
 * | 24 | number of ranges, uint32 |
 * | 32 | ranges: first slot, uint32; length, uint32; the numbers |
 */
const ENTRY_FORMAT = 1
const HEADER_BYTES = 32
const RANGE_BYTES = 8

export interface EntryHeader {
  readonly isFull: boolean
  readonly epoch: number
  readonly namesBytes: number
  readonly slots: number
  readonly takenAt: number
}

/** Slots from `begin` to before `end`. */
export type SlotRange = readonly [begin: number, end: number]

export function encodeEntry(header: EntryHeader, values: Float64Array, ranges: readonly SlotRange[]): Buffer {
  const numbers = ranges.reduce((sum, [begin, end]) => sum + end - begin, 0)
  const bytes = Buffer.alloc(HEADER_BYTES + RANGE_BYTES * ranges.length + 8 * numbers)
  bytes.writeUInt8(ENTRY_FORMAT, 0)
  bytes.writeUInt8(Number(header.isFull), 1)
  bytes.writeUInt32LE(header.epoch, 4)
  bytes.writeUInt32LE(header.namesBytes, 8)
  bytes.writeUInt32LE(header.slots, 12)
  bytes.writeDoubleLE(header.takenAt, 16)
  bytes.writeUInt32LE(ranges.length, 24)
  let at = HEADER_BYTES
  for (const [begin, end] of ranges) {
    bytes.writeUInt32LE(begin, at)
    bytes.writeUInt32LE(end - begin, at + 4)
    Buffer.from(values.buffer, values.byteOffset + 8 * begin, 8 * (end - begin)).copy(bytes, at + RANGE_BYTES)
    at += RANGE_BYTES + 8 * (end - begin)
  }
  return bytes
}

/** The header of an entry. Throws if this version cannot read the bytes. */
export function headerOf(bytes: Buffer): EntryHeader {
  if (bytes.length < HEADER_BYTES || bytes.readUInt8(0) !== ENTRY_FORMAT) throw new Error('not an entry of format 1')
  return {
    isFull: bytes.readUInt8(1) === 1,
    epoch: bytes.readUInt32LE(4),
    namesBytes: bytes.readUInt32LE(8),
    slots: bytes.readUInt32LE(12),
    takenAt: bytes.readDoubleLE(16),
  }
}

/** Writes the numbers of an entry to `values`, and calls `onRange` for each range. Throws if the entry is damaged. */
export function applyEntry(bytes: Buffer, values: Float64Array, onRange: (begin: number, end: number) => void): void {
  const into = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  let at = HEADER_BYTES
  for (let range = bytes.readUInt32LE(24); range > 0; range--) {
    const begin = bytes.readUInt32LE(at)
    const length = bytes.readUInt32LE(at + 4)
    const end = at + RANGE_BYTES + 8 * length
    if (end > bytes.length || begin + length > values.length) throw new Error('a damaged entry')
    bytes.copy(into, 8 * begin, at + RANGE_BYTES, end)
    onRange(begin, begin + length)
    at = end
  }
}
