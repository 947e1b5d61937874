import zlib from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { combinedCrc, crcByTable } from './crc.ts'

test('the checksum of two texts is computed from the checksum of each', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      const whole = zlib.crc32(Buffer.concat([a, b]))
      expect(combinedCrc(zlib.crc32(a), zlib.crc32(b), b.length)).toBe(whole)
      expect(crcByTable(Buffer.concat([a, b]))).toBe(whole)
    }),
  )
})

test('the checksum of a second text of many bytes is combined as well', () => {
  const [first, second] = [Buffer.from('first'), Buffer.alloc(3_000_001, 'second')]
  const whole = zlib.crc32(Buffer.concat([first, second]))
  expect(combinedCrc(zlib.crc32(first), zlib.crc32(second), second.length)).toBe(whole)
})
