import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Herd } from '../herd.ts'

let directory: string
let herd: Herd

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
  herd = new Herd({ directory })
})
afterEach(async () => {
  await herd.close()
  rmSync(directory, { recursive: true, force: true })
})

/** A file as a process leaves it that has not come to write its header yet, or never will. */
function unfinished(name: string, ageSeconds: number): string {
  const path = join(directory, name)
  writeFileSync(path, new Uint8Array(8 * 8192))
  const at = Date.now() / 1000 - ageSeconds
  utimesSync(path, at, at)
  return path
}

test.each(['1-abcdefgh1.catalog', '1-abcdefgh1.values'])(
  'a new leader leaves a store that is being created: %s',
  file => {
    const making = unfinished(file, 0)
    const old = unfinished('2-abcdefgh2.values', 3600)
    expect(herd.lead()).toBeUndefined()
    expect(existsSync(making)).toBe(true)
    expect(existsSync(old)).toBe(true)
  },
)

test('a new leader removes files of stores that were never completed', () => {
  const files = [unfinished('1-abcdefgh1.catalog', 60), unfinished('2-abcdefgh2.values', 3600)]
  expect(herd.lead()).toBeUndefined()
  expect(files.map(file => existsSync(file))).toEqual([false, false])
})

test('a primary removes all files, because its workers start later', () => {
  const making = unfinished('1-abcdefgh1.values', 0)
  expect(herd.lead({ fresh: true })).toBeUndefined()
  expect(existsSync(making)).toBe(false)
})
