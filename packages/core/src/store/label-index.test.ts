import { expect, test } from 'vitest'
import { keyOf } from './family.ts'
import { LabelIndex, NONE } from './label-index.ts'

test('a series is found by all of its values, and by no others', () => {
  const index = new LabelIndex(2)
  const rows = [index.add(['a', 'b'], 16), index.add(['b', 'a'], 17), index.add(['a', ''], 18)]
  expect(index.find(['a', 'b'])).toBe(rows[0])
  expect(index.find(['b', 'a'])).toBe(rows[1])
  expect(index.find(['a', ''])).toBe(rows[2])
  expect(index.find(['b', 'b'])).toBe(NONE)
  expect(index.find(['c', 'b'])).toBe(NONE)
  expect(rows.map(row => index.slotAt(row))).toEqual([16, 17, 18])
})

test('a family without labels has one series', () => {
  const index = new LabelIndex(0)
  expect(index.find([])).toBe(NONE)
  const row = index.add([], 16)
  expect(index.find([])).toBe(row)
  expect(index.size).toBe(1)
})

test('it says what a map says, whatever comes and goes', () => {
  const index = new LabelIndex(3)
  const model = new Map<string, { row: number; slot: number }>()
  let seed = 1
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    return (seed >> 8) % below
  }
  for (let step = 0; step < 19_500; step++) {
    const values = [`m${random(3)}`, `route ${Math.floor(step / 1000) * 20 + random(40)}`, String(random(9))]
    const known = model.get(keyOf(values))
    expect(index.find(values)).toBe(known?.row ?? NONE)
    if (known === undefined) model.set(keyOf(values), { row: index.add(values, 16 + step), slot: 16 + step })
    else {
      expect(index.slotAt(known.row)).toBe(known.slot)
      if (random(3) > 0) {
        index.remove(known.row)
        model.delete(keyOf(values))
      }
    }
    // Now and then all go and with them every value; half of the routes come back.
    if (step % 1000 === 999) {
      for (const { row } of model.values()) index.remove(row)
      model.clear()
    }
  }
  expect(index.size).toBe(model.size)
  expect([...index.rows()].sort((a, b) => a - b)).toEqual(
    [...model.values()].map(({ row }) => row).sort((a, b) => a - b),
  )
})

test('all series may be removed while they are gone through', () => {
  const index = new LabelIndex(1)
  for (let i = 0; i < 100; i++) index.add([`value ${i}`], 16 + i)
  for (const row of index.rows()) index.remove(row)
  expect(index.size).toBe(0)
  expect([...index.rows()]).toEqual([])
  expect(index.find(['value 7'])).toBe(NONE)
})
