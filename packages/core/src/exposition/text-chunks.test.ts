import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Numbers } from '../snapshot/numbers.ts'
import { TextEncoder004 } from './text.ts'

type Snapshot = Parameters<TextEncoder004['encode']>[0]

const LABELS = Array.from({ length: 1200 }, (_, i) => [`/${i}`])

/** A histogram with two buckets for each of `labels`: the series at `i` has `first(i)` in its first bucket. */
function snapshotOf(labels: string[][], first: (i: number) => number, buckets = [0.5, 1]): Snapshot {
  const values = Numbers.from(
    labels.flatMap((_, i) => [first(i), 2, 3, 0.25]),
    4,
  )
  const family = {
    name: 'd',
    type: 'histogram' as const,
    help: 'H',
    labelNames: ['route'],
    buckets,
    aggregator: 'sum' as const,
    labels,
  }
  return { takenAt: 0, herd: 'h', startedAt: 0, families: [{ ...family, values }] }
}

const textOf = (snapshot: Snapshot, encoder = new TextEncoder004()): string => [...encoder.encode(snapshot)].join('')

describe('a text encoder that caches its text', () => {
  const before = snapshotOf(LABELS, () => 1)
  const later = {
    'some numbers changed': snapshotOf(LABELS, i => (i % 100 === 0 ? 7 : 1)),
    'series went from the front': snapshotOf(LABELS.slice(3), () => 1),
    'series came': snapshotOf([...LABELS, ['/new']], () => 1),
    'the buckets changed': snapshotOf(LABELS, () => 1, [0.1, 1]),
  }
  for (const [what, after] of Object.entries(later)) {
    it(`writes after ${what} what a new encoder writes, and again after that is undone`, () => {
      const encoder = new TextEncoder004()
      for (const snapshot of [before, after, before]) expect(textOf(snapshot, encoder)).toBe(textOf(snapshot))
    })
  }

  it('keeps two concurrent encodings apart', () => {
    const encoder = new TextEncoder004()
    const [one, other] = [before, later['some numbers changed']]
    textOf(before, encoder)
    const texts = ['', '']
    const pieces = [one, other].map(snapshot => encoder.encode(snapshot)[Symbol.iterator]())
    // Each goes ahead of the other for some pieces.
    const turns = [0, 0, 1, 1, 1, 0, 0, 1]
    const ends = [false, false]
    for (let turn = 0; ends.includes(false); turn++) {
      const i = turns[turn % turns.length]!
      const { done, value } = pieces[i]!.next()
      if (done === true) ends[i] = true
      else texts[i] = `${texts[i]}${value}`
    }
    expect(texts).toEqual([textOf(one), textOf(other)])
    expect([textOf(one, encoder), textOf(other, encoder)]).toEqual(texts)
  })

  it('ends each chunk with a complete line, and has one chunk for each page of numbers', () => {
    const pieces = [...new TextEncoder004().encode(before)].map(String)
    expect(pieces.map(piece => piece.split('\n').length - 1)).toEqual([2, 256 * 5, 256 * 5, 256 * 5, 256 * 5, 176 * 5])
    for (const piece of pieces) expect(piece.endsWith('\n')).toBe(true)
  })

  it('returns the same chunks again, except those with a change', () => {
    const encoder = new TextEncoder004()
    const [, first, second, third] = [...encoder.encode(before)]
    const again = [...encoder.encode(snapshotOf(LABELS, i => (i === 300 ? 7 : 1)))]
    expect([again[1] === first, again[2] === second, again[3] === third]).toEqual([true, false, true])
    // The one that was handed out says still what it said.
    expect(second!.includes('le="0.5"} 7')).toBe(false)
    expect(again[2]!.includes('d_bucket{route="/300",le="0.5"} 7')).toBe(true)
  })

  it('never writes to a text that is still being read', () => {
    const step = fc.record({ changed: fc.array(fc.nat(1199), { maxLength: 4 }), isKept: fc.boolean() })
    const property = fc.property(
      fc.array(step, { maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (steps, ends) => {
        const encoder = new TextEncoder004()
        const counts = LABELS.map(() => 1)
        const read: { pieces: Buffer[]; text: string }[] = []
        steps.forEach(({ changed, isKept }, turn) => {
          for (const i of changed) counts[i]! += 10 ** turn
          const snapshot = snapshotOf(LABELS, i => counts[i]!)
          const text = textOf(snapshot)
          const pieces = [...encoder.encode(snapshot)]
          expect(pieces.join('')).toBe(text)
          if (isKept) read.push({ pieces, text })
          else encoder.release()
          if (ends.includes(turn) && read.shift() !== undefined) encoder.release()
          for (const { pieces, text } of read) expect(pieces.join('')).toBe(text)
        })
      },
    )
    fc.assert(property, { numRuns: 50 })
  })

  it('reuses the memory of the old text once it is not read any more', () => {
    const encoder = new TextEncoder004()
    // Small buffers may share their memory, each with a place of its own in it.
    const isSame = (a: Buffer, b: Buffer | undefined) => a.buffer === b?.buffer && a.byteOffset === b.byteOffset
    const piecesOf = (count: number) => [...encoder.encode(snapshotOf(LABELS, () => count))].slice(1)
    const first = piecesOf(1)
    const second = piecesOf(2)
    expect(second.length).toBeGreaterThan(0)
    expect(second.filter(piece => first.some(other => isSame(piece, other)))).toEqual([])
    encoder.release()
    encoder.release()
    expect(piecesOf(3).map((piece, i) => isSame(piece, second[i]))).toEqual(second.map(() => true))
    expect(piecesOf(4).filter(piece => second.some(other => isSame(piece, other)))).toEqual([])
  })
})
