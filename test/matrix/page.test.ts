import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { matrixPage } from './page.ts'

const FILE = new URL('../../docs/matrix.md', import.meta.url)

test('docs/matrix.md says what the matrix says (else: npm run docs)', () => {
  if (process.env['PROMHERD_WRITE_DOCS'] === '1') writeFileSync(FILE, matrixPage())
  expect(readFileSync(FILE, 'utf8')).toBe(matrixPage())
})
