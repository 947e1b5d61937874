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
  'whoever becomes the keeper leaves a store that is just being made: %s',
  file => {
    const making = unfinished(file, 0)
    const old = unfinished('2-abcdefgh2.values', 3600)
    expect(herd.lead()).toBeUndefined()
    expect(existsSync(making)).toBe(true)
    expect(existsSync(old)).toBe(true)
  },
)

test('whoever becomes the keeper clears what was never finished', () => {
  const files = [unfinished('1-abcdefgh1.catalog', 60), unfinished('2-abcdefgh2.values', 3600)]
  expect(herd.lead()).toBeUndefined()
  expect(files.map(file => existsSync(file))).toEqual([false, false])
})

test('a primary clears everything: its workers are still to come', () => {
  const making = unfinished('1-abcdefgh1.values', 0)
  expect(herd.lead({ fresh: true })).toBeUndefined()
  expect(existsSync(making)).toBe(false)
})
