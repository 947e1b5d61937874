import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Changes } from './changes.ts'

const SLOTS = 300
const edits = fc.array(fc.tuple(fc.nat(SLOTS - 1), fc.constantFrom(0, 1, Number.NaN)), { maxLength: 3 })

test('taken numbers are stored, and every difference is marked', () => {
  fc.assert(
    fc.property(
      fc.array(edits, { maxLength: 5 }),
      fc.nat(100),
      fc.integer({ min: 1, max: 40 }),
      (rounds, at, width) => {
        const changes = new Changes()
        const known = new Float64Array(SLOTS + at)
        const file = new Float64Array(SLOTS)
        for (const round of rounds) {
          const before = known.slice()
          for (const [slot, value] of round) file[slot] = value
          changes.take(file, known, at)
          expect([...known.subarray(at)]).toEqual([...file])
          const differs = (slot: number) => !Object.is(known[slot], before[slot])
          for (let slot = 0; slot + width <= known.length; slot++) {
            const isOther = Array.from({ length: width }, (_, i) => slot + i).some(differs)
            if (isOther) expect(changes.has(slot, width)).toBe(true)
          }
          if (known.every((value, slot) => Object.is(value, before[slot]))) expect(changes.some).toBe(false)
          changes.clear()
          expect(changes.has(0, known.length)).toBe(false)
        }
      },
    ),
  )
})

test('slots far from a change are not marked', () => {
  const changes = new Changes()
  const known = new Float64Array(1000)
  const fresh = known.slice()
  fresh[500] = 1
  changes.take(fresh, known, 0)
  expect([changes.has(0, 400), changes.has(500, 1), changes.has(600, 400)]).toEqual([false, true, false])
})
