/**
 * Marks a gauge that has a slot and no value: it was not set yet, or its value was removed. No number is neutral for
 * every aggregator, so the marker is a NaN with a bit pattern that arithmetic never produces.
 */
const ABSENT_BITS = 0x7ff8_7072_6f6d_0001n

/** Marks the gauge at `slot` as removed: it is no longer served. Setting it to a number brings it back. */
export function setAbsent(values: Float64Array, slot: number): void {
  bitsOf(values, slot)[0] = ABSENT_BITS
}

/** True if the gauge at `slot` is marked as removed; false for every number, including ordinary NaN. */
export function isAbsent(values: Float64Array, slot: number): boolean {
  return Number.isNaN(values[slot]) && bitsOf(values, slot)[0] === ABSENT_BITS
}

function bitsOf(values: Float64Array, slot: number): BigUint64Array {
  return new BigUint64Array(values.buffer, values.byteOffset + slot * values.BYTES_PER_ELEMENT, 1)
}
