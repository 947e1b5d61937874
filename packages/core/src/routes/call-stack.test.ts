import { afterEach, expect, test } from 'vitest'
import { callStackFiles } from './call-stack.ts'

const own = (name: 'prepareStackTrace' | 'stackTraceLimit') => Object.getOwnPropertyDescriptor(Error, name)
const before = [own('prepareStackTrace'), own('stackTraceLimit')] as const
afterEach(() => {
  for (const [i, name] of (['prepareStackTrace', 'stackTraceLimit'] as const).entries()) {
    Reflect.deleteProperty(Error, name)
    if (before[i] !== undefined) Object.defineProperty(Error, name, before[i])
  }
})

test('the files that call are known, and Error has the properties that it had', () => {
  Reflect.deleteProperty(Error, 'prepareStackTrace')
  const limit = own('stackTraceLimit')
  expect(callStackFiles()).toContain(import.meta.filename)
  expect(own('prepareStackTrace')).toBeUndefined()
  expect(own('stackTraceLimit')).toEqual(limit)
})

test('a program that prepares stacks itself is not called, and keeps its function and its limit', () => {
  const prepare = (): never => {
    throw new Error('Expected not to be called.')
  }
  const given = { value: prepare, writable: true, enumerable: false, configurable: true }
  Object.defineProperty(Error, 'prepareStackTrace', given)
  Error.stackTraceLimit = 0
  expect(callStackFiles()).toContain(import.meta.filename)
  expect(own('prepareStackTrace')).toEqual(given)
  expect(Error.stackTraceLimit).toBe(0)
})
