/**
 * How a store says that a gauge is no more. Slots are never given back, and no number is neutral in every merge: so a
 * NaN with bits of its own, which arithmetic never makes, stands for "nobody says anything here".
 */
const ABSENT_BITS = 0x7ff8_7072_6f6d_0001n

/** Makes the gauge at `slot` one that nobody shows. Setting it to a number brings it back. */
export function setAbsent(values: Float64Array, slot: number): void {
  bitsOf(values, slot)[0] = ABSENT_BITS
}

/** True where the gauge at `slot` was removed; false for every number, NaN among them. */
export function isAbsent(values: Float64Array, slot: number): boolean {
  return Number.isNaN(values[slot]) && bitsOf(values, slot)[0] === ABSENT_BITS
}

function bitsOf(values: Float64Array, slot: number): BigUint64Array {
  return new BigUint64Array(values.buffer, values.byteOffset + slot * values.BYTES_PER_ELEMENT, 1)
}
