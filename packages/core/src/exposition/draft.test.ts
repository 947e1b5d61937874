import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Draft } from './draft.ts'

const textOf = (write: (draft: Draft) => void): string => {
  const draft = new Draft()
  write(draft)
  return draft.view().toString()
}

describe('a text that is written as bytes', () => {
  it('has every finite number as JavaScript says it', () => {
    const counts = fc.oneof(fc.nat(), fc.integer(), fc.maxSafeInteger())
    const edges = [0, -0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, 1e21, 5e-324, -Number.MAX_VALUE]
    const numbers = fc.oneof(counts, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(...edges))
    fc.assert(fc.property(numbers, value => textOf(draft => draft.number(value)) === String(value)))
  })

  it('has the others as Prometheus says them', () => {
    const others = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    expect(others.map(value => textOf(draft => draft.number(value)))).toEqual(['NaN', '+Inf', '-Inf'])
  })

  it('is what was added, one after the other, however long it gets', () => {
    const piece = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constant('ü'.repeat(2 ** 15)))
    const property = fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const whole = pieces.flatMap(piece => [piece, piece, piece, '7', piece]).join('')
      const written = textOf(draft => {
        for (const piece of pieces) {
          const begin = draft.length
          draft.text(piece)
          draft.again(begin, draft.length)
          draft.bytes(Buffer.from(piece))
          draft.number(7)
          draft.copy(Buffer.from(`<${piece}>`), 1, 1 + Buffer.byteLength(piece))
        }
      })
      expect(written === Buffer.from(whole).toString()).toBe(true)
    })
    fc.assert(property)
  })

  it('begins anew in the same memory', () => {
    const text = textOf(draft => {
      draft.text('the first')
      draft.begin()
      draft.text('another')
    })
    expect(text).toBe('another')
  })
})
