import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Definition } from '../definitions/definition.ts'
import { SingleProcessHerd } from '../herd/single-process-herd.ts'
import { type CatalogLine, CatalogWriter, decodeLine } from './catalog.ts'
import { keyOf } from './family.ts'
import { openStorage, STORAGE_KINDS } from './storage.ts'
import { Store } from './store.ts'

const JOBS: Definition = {
  name: 'jobs_total',
  type: 'counter',
  help: 'Jobs.',
  labels: ['kind'],
  buckets: [],
  aggregator: 'sum',
}
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'promherd-test-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe.each(STORAGE_KINDS)('the %s storage', kind => {
  test('keeps its values while it grows and after it is closed', () => {
    const path = join(directory, 'x.values')
    const storage = openStorage(kind, path)
    storage.values[8191] = 7
    expect(storage.ensure(100_000)).toBe(true)
    const { length } = storage.values
    expect(length).toBeGreaterThanOrEqual(100_000)
    expect(length).toBeLessThanOrEqual((100_000 * 9) / 8)
    expect(storage.values.byteOffset % 8).toBe(0)
    storage.values[length - 1] = 8
    if (kind !== 'memory') {
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(statSync(path).size).toBe(length * 8)
    }
    storage.close()
    expect([storage.values[8191], storage.values[length - 1]]).toEqual([7, 8])
  })
})

test('an array of values taken before a mmap storage grew is the same memory', () => {
  const storage = openStorage('mmap', join(directory, 'x.values'))
  const older = storage.values
  expect(storage.ensure(50_000)).toBe(true)
  older[8191] = 7
  expect(storage.values[8191]).toBe(7)
  storage.close()
})

test.each(['mmap', 'file'] as const)('a %s storage becomes no larger than readers take', kind => {
  const path = join(directory, 'x.values')
  const storage = openStorage(kind, path)
  const { size } = statSync(path)
  expect(storage.ensure(2 ** 24 + 1)).toBe(false)
  expect(storage.values.length).toBe(8192)
  expect(statSync(path).size).toBe(size)
  storage.close()
})

test('what is recorded after the last word does not reach the file', () => {
  const store = new Store({ storage: 'mmap', directory, worker: 1 })
  const family = store.family(JOBS)
  const slot = family.slot(['a'])
  const shared = store.storage.values
  store.close()
  store.storage.values[slot] = 9
  expect(shared[slot]).toBe(0)
})

test('a store that cannot be opened leaves no file behind', () => {
  expect(() => new Store({ storage: 'file', directory: join(directory, 'none'), worker: 1 })).toThrow('ENOENT')
  expect(readdirSync(directory)).toEqual([])
})

test('no two lists of label values have the same key', () => {
  const lists = fc.integer({ min: 1, max: 4 }).chain(length => {
    const list = fc.array(fc.oneof(fc.string(), fc.constantFrom('', '1:', '1:a', 'a')), {
      minLength: length,
      maxLength: length,
    })
    return fc.tuple(list, list)
  })
  fc.assert(fc.property(lists, ([a, b]) => (keyOf(a) === keyOf(b)) === (JSON.stringify(a) === JSON.stringify(b))))
})

test('a full family shares one more series, its total stays exact and the rest is counted as dropped', async () => {
  const store = new Store({ storage: 'memory', directory: undefined, worker: 1 })
  const family = store.family(JOBS, 2)
  for (let i = 0; i < 10; i++) {
    const slot = family.slot([String(i)])
    store.storage.values[slot]!++
  }
  const { families } = await new SingleProcessHerd(store).snapshot()
  const jobs = families.find(({ name }) => name === 'jobs_total')!
  expect(jobs.labels).toEqual([['_overflow'], ['0'], ['1']])
  expect([...jobs.values]).toEqual([8, 1, 1])
  const dropped = families.find(({ name }) => name === 'promherd_series_dropped_total')!
  expect(dropped.labels).toEqual([['jobs_total']])
  expect([...dropped.values]).toEqual([8])
})

test('halves of surrogate pairs are one series', () => {
  const family = new Store({ storage: 'memory', directory: undefined, worker: 1 }).family(JOBS)
  expect(family.slot(['\ud800'])).toBe(family.slot(['\ud801']))
})

test('a name that stands for something else is refused', () => {
  const store = new Store({ storage: 'memory', directory: undefined, worker: 1 })
  store.family(JOBS)
  expect(() => store.family({ ...JOBS, labels: ['sort'] })).toThrow(
    expect.objectContaining({ code: 'ERR_PROMHERD_FAMILY_CONFLICT' }),
  )
})

test('series lines come back as they were written, whatever stands in them', () => {
  const path = join(directory, 'c')
  const writer = new CatalogWriter(path)
  writer.close()
  expect(writer.append({ kind: 'owner', nodeVersion: 'v1' })).toBe(false)
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), fc.nat(), fc.boolean(), (values, n, overflow) => {
      const line: CatalogLine = {
        kind: 'series',
        family: n,
        slot: 16 + (n % 1000),
        values,
        ...(overflow ? { overflow } : {}),
      }
      const short = JSON.stringify({ s: line.slot, f: n, v: values, ...(overflow ? { o: 1 } : {}) })
      expect(decodeLine(short)).toEqual(line)
    }),
  )
})

test('a series can be removed, and its slot be born again, in the words of the catalog', () => {
  const path = join(directory, 'c')
  const writer = new CatalogWriter(path)
  const lines: CatalogLine[] = [
    { kind: 'removed', family: 3, slot: 40 },
    { kind: 'series', family: 3, slot: 40, values: ['a'], generation: 7 },
  ]
  for (const line of lines) expect(writer.append(line)).toBe(true)
  const text = readFileSync(path, 'utf8')
  expect(text).toBe('{"d":40,"f":3}\n{"s":40,"f":3,"v":["a"],"g":7}\n')
  expect(writer.bytes).toBe(text.length)
  writer.close()
  expect(text.trim().split('\n').map(decodeLine)).toEqual(lines)
  for (const damaged of ['{"d":-1,"f":0}', '{"d":40}', '{"d":"40","f":3}', '{"s":40,"f":3,"v":["a"],"g":"7"}']) {
    expect(decodeLine(damaged)).toBeUndefined()
  }
})

test('garbage and hostile numbers are no lines', () => {
  fc.assert(fc.property(fc.string(), text => decodeLine(text) === undefined))
  for (const s of [-1, 0, 15, 2 ** 32 + 16, 1e300, 1.5, '16']) {
    expect(decodeLine(JSON.stringify({ s, f: 0, v: [] }))).toBeUndefined()
  }
  expect(decodeLine(JSON.stringify({ kind: 'family', index: 0, ...JOBS, name: 'a b\nc' }))).toBeUndefined()
})
