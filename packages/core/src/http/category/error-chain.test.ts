import { expect, test } from 'vitest'
import { errorsOf, read } from './error-chain.ts'

const nested = (depth: number): Error =>
  depth === 0 ? new Error('0') : new Error(String(depth), { cause: nested(depth - 1) })

test('causes are followed eight deep and no deeper', () => {
  expect(errorsOf(nested(8)).length).toBe(9)
  expect(errorsOf(nested(9)).length).toBe(9)
})

test('gathered errors are looked at, nearest first', () => {
  const far = new Error('far')
  const near = new Error('near', { cause: far })
  const other = new Error('other')
  const all = new AggregateError([near, other])
  expect(errorsOf(all)).toEqual([all, near, other, far])
})

test('a crowd of errors is cut short', () => {
  let reads = 0
  const crowd = (): object =>
    new Proxy(
      {},
      {
        get: (_target, key) => {
          reads++
          return key === 'errors' ? Array.from({ length: 1000 }, crowd) : undefined
        },
      },
    )
  expect(errorsOf(crowd()).length).toBe(32)
  expect(reads).toBeLessThan(200)
})

test('a circle is walked once', () => {
  const a = new Error('a')
  const b = new Error('b', { cause: a })
  a.cause = b
  expect(errorsOf(a)).toEqual([a, b])
})

test('what has no properties has no causes', () => {
  for (const thrown of [undefined, null, 'text', 5]) {
    expect(errorsOf(thrown)).toEqual([])
    expect(read(thrown, 'cause')).toBe(undefined)
  }
})

test('an error that is gathered again and again is walked once', () => {
  let reads = 0
  const eight = (depth: number): object => {
    const cause = depth === 0 ? undefined : eight(depth - 1)
    return {
      get errors() {
        reads++
        return Array.from({ length: 8 }, () => cause)
      },
    }
  }
  expect(errorsOf(eight(8)).length).toBe(9)
  expect(reads).toBe(8)
})

test('a circle that each of its errors gathers eight times is walked once', () => {
  let reads = 0
  const circle: object = {
    get errors() {
      reads++
      return Array.from({ length: 8 }, () => circle)
    },
  }
  expect(errorsOf(circle)).toEqual([circle])
  expect(reads).toBe(1)
})
