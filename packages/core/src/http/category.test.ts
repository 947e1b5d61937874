import { expect, test } from 'vitest'
import { categoryOf, evidenceOf } from './category.ts'

test.each([
  [200, undefined],
  [204, undefined],
  [304, undefined],
  [400, 'client_error'],
  [401, 'auth'],
  [403, 'auth'],
  [404, 'not_found'],
  [405, 'not_found'],
  [408, 'timeout'],
  [409, 'client_error'],
  [410, 'not_found'],
  [413, 'payload'],
  [415, 'payload'],
  [418, 'client_error'],
  [429, 'rate_limited'],
  [431, 'payload'],
  [499, 'client_abort'],
  [500, 'server_error'],
  [501, 'server_error'],
  [502, 'upstream'],
  [503, 'overload'],
  [504, 'timeout'],
])('the status %i alone is %s', (status, category) => {
  expect(categoryOf(status, false, undefined)).toBe(category)
})

test('a client that left is an abort whatever the status was', () => {
  expect(categoryOf(200, true, undefined)).toBe('client_abort')
  expect(categoryOf(500, true, 'exception')).toBe('client_abort')
})

test('evidence counts where the status says no more than that something failed', () => {
  expect(categoryOf(500, false, 'exception')).toBe('exception')
  expect(categoryOf(503, false, 'exception')).toBe('overload')
  expect(categoryOf(200, false, 'exception')).toBeUndefined()
})

test('an error without a status of its own is an exception, one with a status is an answer', () => {
  expect(evidenceOf(new Error('broken'))).toBe('exception')
  expect(evidenceOf('thrown text')).toBe('exception')
  expect(evidenceOf(null)).toBe('exception')
  expect(evidenceOf(Object.assign(new Error('chosen'), { status: 500 }))).toBeUndefined()
  expect(evidenceOf(Object.assign(new Error('chosen'), { statusCode: 404 }))).toBeUndefined()
  expect(evidenceOf(Object.assign(new Error('of a library'), { status: 'failed' }))).toBe('exception')
})
