import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { programsPage } from './page.ts'

const FILE = new URL('../../docs/programs.md', import.meta.url)

test('docs/programs.md is up to date with the tests (if not: npm run docs)', () => {
  if (process.env['PROMHERD_WRITE_DOCS'] === '1') writeFileSync(FILE, programsPage())
  expect(readFileSync(FILE, 'utf8')).toBe(programsPage())
})
