import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generatedDocs } from '../../scripts/docs.mjs'

const root = new URL('../../', import.meta.url)

test.each(Object.entries(generatedDocs(root)))('%s says what the code says (else: npm run docs)', (path, text) => {
  expect(readFileSync(new URL(path, root), 'utf8')).toBe(text)
})
