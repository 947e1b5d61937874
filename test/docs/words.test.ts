import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** The words that CONTRIBUTING.md rejects occur in no doc, comment, message or title. */

const ROOT = new URL('../../', import.meta.url)
const TEXTS = /\.(md|ts|mts|js|mjs|cjs)$/

test('the table of CONTRIBUTING.md has words', () => {
  expect(rejectedWords()).toEqual(expect.arrayContaining(['nobody', 'the dead', 'slab']))
})

test('no file has a rejected word', () => {
  const found = rejected(rejectedWords(), trackedFiles())
  expect(found).toEqual([])
})

test('a rejected word is found as a whole word, whatever its case', () => {
  const pattern = patternOf(['nobody', 'the dead'])
  const lines = ['Nobody reads it.', 'the\tdead', 'nobodyElse', 'the deadline', 'NOBODY']
  expect(lines.map(line => pattern.test(line))).toEqual([true, true, false, false, true])
})

function rejectedWords(): string[] {
  const text = readFileSync(new URL('CONTRIBUTING.md', ROOT), 'utf8')
  const rows = text.slice(text.indexOf('\n## Words')).matchAll(/^\| (?!word |---)([^|]+) \| [^|]+ \| [^|]+ \|$/gm)
  return [...rows].flatMap(([, words]) => words!.split(',').map(word => word.trim()))
}

function patternOf(words: readonly string[]): RegExp {
  return new RegExp(`\\b(${words.map(word => word.replace(/ /g, '\\s')).join('|')})\\b`, 'i')
}

function rejected(words: readonly string[], files: readonly string[]): string[] {
  const pattern = patternOf(words)
  return files.flatMap(file => {
    const lines = readFileSync(new URL(file, ROOT), 'utf8').split('\n')
    return lines.flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : []))
  })
}

/** All texts of the project except this file and the table itself. */
function trackedFiles(): string[] {
  const names = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const files = names.split('\n').filter(name => TEXTS.test(name) && existsSync(new URL(name, ROOT)))
  return files.filter(name => name !== 'CONTRIBUTING.md' && name !== 'test/docs/words.test.ts')
}
