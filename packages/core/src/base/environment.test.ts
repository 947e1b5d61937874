import { afterEach, expect, test } from 'vitest'
import { isInteger } from './check-options.ts'
import { readVariable, typedValue } from './environment.ts'

afterEach(() => {
  delete process.env['PROMHERD_WORKER']
})

test('a string becomes a value of its type', () => {
  expect(typedValue('12', 'integer')).toBe(12)
  expect(['1', 'true', '0', 'false'].map(text => typedValue(text, 'boolean'))).toEqual([true, true, false, false])
  expect(typedValue(' a, ,b ', 'list')).toEqual(['a', 'b'])
  expect(typedValue('12', 'string')).toBe('12')
})

test('a string that is no value of its type stays as it is', () => {
  expect(['', ' 1', '-1', '1.5', '0x1', 'many'].map(text => typedValue(text, 'integer'))).toEqual([
    '',
    ' 1',
    '-1',
    '1.5',
    '0x1',
    'many',
  ])
  expect(typedValue('yes', 'boolean')).toBe('yes')
})

test('a variable that is missing or empty has no value, and is not checked', () => {
  const check = isInteger(1, 9, '')
  expect(readVariable('PROMHERD_WORKER', check)).toBeUndefined()
  process.env['PROMHERD_WORKER'] = ''
  expect(readVariable('PROMHERD_WORKER', check)).toBeUndefined()
})

test('the error of a check names the variable and shows its value', () => {
  process.env['PROMHERD_WORKER'] = 'two'
  const check = isInteger(1, 9, 'Number them.')
  expect(() => readVariable('PROMHERD_WORKER', check)).toThrow(
    "Expected `PROMHERD_WORKER` to be an integer from 1 to 9, but got 'two'. Number them.",
  )
})
