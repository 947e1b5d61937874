import { expect, test } from 'vitest'
import { isAbsent, setAbsent } from './absent.ts'

test('only the mark itself is absent: no number, no infinity and no NaN of arithmetic', () => {
  const values = new Float64Array(4)
  for (const value of [0, 1, Number.NaN, 0 / 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    values[2] = value
    expect(isAbsent(values, 2)).toBe(false)
  }
  setAbsent(values, 2)
  expect(isAbsent(values, 2)).toBe(true)
  expect([...values.keys()].filter(slot => isAbsent(values, slot))).toEqual([2])
  values[2] = 3
  expect(isAbsent(values, 2)).toBe(false)
})

test('the mark survives copies and files, which move bytes', () => {
  const values = new Float64Array(2)
  setAbsent(values, 1)
  const moved = new Float64Array(4)
  moved.set(values, 2)
  expect(isAbsent(moved, 3)).toBe(true)
  const read = new Float64Array(Uint8Array.from(new Uint8Array(values.buffer)).buffer)
  expect(isAbsent(read, 1)).toBe(true)
})
