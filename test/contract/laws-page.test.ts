import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { lawsPage } from './laws-page.ts'

const FILE = new URL('../../docs/laws.md', import.meta.url)

test('docs/laws.md is up to date with the contract (if not: npm run docs)', () => {
  if (process.env['PROMHERD_WRITE_DOCS'] === '1') writeFileSync(FILE, lawsPage())
  expect(readFileSync(FILE, 'utf8')).toBe(lawsPage())
})
