import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from './byte-writer.ts'

const textOf = (write: (writer: ByteWriter) => void): string => {
  const writer = new ByteWriter()
  write(writer)
  return writer.view().toString()
}

describe('text written as bytes', () => {
  it('formats every finite number as JavaScript does', () => {
    const counts = fc.oneof(fc.nat(), fc.integer(), fc.maxSafeInteger())
    const edges = [0, -0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, 1e21, 5e-324, -Number.MAX_VALUE]
    const numbers = fc.oneof(counts, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(...edges))
    fc.assert(fc.property(numbers, value => textOf(writer => writer.number(value)) === String(value)))
  })

  it('formats NaN and the infinities as Prometheus does', () => {
    const others = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    expect(others.map(value => textOf(writer => writer.number(value)))).toEqual(['NaN', '+Inf', '-Inf'])
  })

  it('contains all that was added in order, at any length', () => {
    const piece = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constant('ü'.repeat(2 ** 15)))
    const property = fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const whole = pieces.flatMap(piece => [piece, piece, piece, '7', piece]).join('')
      const written = textOf(writer => {
        for (const piece of pieces) {
          const begin = writer.length
          writer.text(piece)
          writer.again(begin, writer.length)
          writer.bytes(Buffer.from(piece))
          writer.number(7)
          writer.copy(Buffer.from(`<${piece}>`), 1, 1 + Buffer.byteLength(piece))
        }
      })
      expect(written === Buffer.from(whole).toString()).toBe(true)
    })
    fc.assert(property)
  })

  it('begins another text in the same memory', () => {
    const text = textOf(writer => {
      writer.text('the first')
      writer.begin()
      writer.text('another')
    })
    expect(text).toBe('another')
  })
})
