import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { CatalogLine } from '../../store/catalog.ts'
import { CatalogReader } from './catalog-reader.ts'
import { HeldFile } from './held-file.ts'

const directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
const path = join(directory, 'catalog')
beforeEach(() => writeFileSync(path, ''))
afterAll(() => rmSync(directory, { recursive: true }))

const lineOf = (slot: number, ...values: string[]): string => `${JSON.stringify({ s: slot, f: 0, v: values })}\n`

function linesOf(reader: CatalogReader): CatalogLine[] {
  const lines: CatalogLine[] = []
  for (let line = reader.next(); line !== undefined; line = reader.next()) lines.push(line)
  return lines
}

test('each line is read once, in whatever parts it is written and read', () => {
  // A letter of two bytes may be torn in the middle, and a long line is more than is read at once.
  const value = fc.oneof(fc.constantFrom('ü', 'GET', ''), fc.constant('é'.repeat(2 ** 16)))
  const parts = fc.array(fc.nat(400), { maxLength: 8 })
  fc.assert(
    fc.property(fc.array(fc.array(value, { maxLength: 3 }), { maxLength: 30 }), parts, (names, sizes) => {
      writeFileSync(path, '')
      const bytes = Buffer.from(names.map((values, i) => lineOf(16 + i, ...values)).join(''))
      const reader = new CatalogReader(new HeldFile(path))
      const read: CatalogLine[] = []
      let written = 0
      for (const size of [...sizes, bytes.length]) {
        appendFileSync(path, bytes.subarray(written, written + size))
        written += size
        read.push(...linesOf(reader))
      }
      reader.close()
      expect(read).toEqual(names.map((values, i) => ({ kind: 'series', slot: 16 + i, family: 0, values })))
      expect([reader.damage, reader.isIncomplete]).toEqual([0, false])
    }),
    { numRuns: 50 },
  )
})

test('a line that is too long counts as damage, and the next lines are read', () => {
  const long = lineOf(17, 'x'.repeat(3 * 2 ** 20))
  writeFileSync(path, lineOf(16, 'a') + long + lineOf(18, 'b'))
  const reader = new CatalogReader(new HeldFile(path))
  expect(linesOf(reader)).toMatchObject([{ slot: 16 }, { slot: 18 }])
  expect(reader.damage).toBeGreaterThan(0)
  expect(reader.isIncomplete).toBe(false)
  reader.close()
})

test('a catalog that is too long is read up to the limit, and reported as incomplete', () => {
  const line = lineOf(16, 'x'.repeat(1000))
  const lines = Math.floor(2 ** 26 / line.length)
  writeFileSync(path, line.repeat(lines + 2))
  const reader = new CatalogReader(new HeldFile(path))
  expect(linesOf(reader).length).toBe(lines)
  expect([reader.damage, reader.isIncomplete]).toEqual([1, true])
  reader.close()
})
