import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf } from './bytes.ts'
import { GzipPacker } from './gzip.ts'

const pieces = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
    fc
      .tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.nat(20_000))
      .map(([text, times]) => Buffer.from(text.repeat(times))),
  ),
  { maxLength: 8 },
)

test('compressed bytes decompress to the original, whatever was compressed before', async () => {
  const packer = new GzipPacker()
  const known: Buffer[] = []
  await fc.assert(
    fc.asyncProperty(pieces, fc.array(fc.nat(), { maxLength: 8 }), async (fresh, again) => {
      known.push(...fresh)
      const chosen = [...fresh, ...again.filter(() => known.length > 0).map(i => known[i % known.length]!)]
      const packed = await packer.pack(bytesOf(chosen))
      const whole = Buffer.concat(packed.pieces)
      expect(whole.length).toBe(packed.length)
      expect(gunzipSync(whole).equals(Buffer.concat(chosen))).toBe(true)
    }),
  )
})

test('a chunk that occurs again is not compressed again', async () => {
  const packer = new GzipPacker()
  const [first, second] = [randomBytes(40_000), randomBytes(40_000)]
  const before = await packer.pack(bytesOf([first, second]))
  const after = await packer.pack(bytesOf([second, first]))
  const [, packedFirst, packedSecond] = before.pieces
  expect(after.pieces[1]).toBe(packedSecond)
  expect(after.pieces[2]).toBe(packedFirst)
})
