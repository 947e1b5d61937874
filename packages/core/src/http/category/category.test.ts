import { describe, expect, test } from 'vitest'
import { ERROR_CATEGORIES } from '../../definitions/label-values.ts'
import { categoryOf, categoryOfError, categoryOfStatus, type ErrorFacts } from './category.ts'

const answered = (statusCode: number): ErrorFacts => ({ statusCode, responseDestroyed: false, headersSent: true })
const TORN: ErrorFacts = { statusCode: 200, responseDestroyed: true, headersSent: true }
const UNSENT: ErrorFacts = { statusCode: 200, responseDestroyed: true, headersSent: false }

const withFields = (fields: object): Error => Object.assign(new Error('made for this test'), fields)
const reset = withFields({ code: 'ECONNRESET', syscall: 'read' })
const refused = withFields({ code: 'ECONNREFUSED', syscall: 'connect' })
const invalid = withFields({ validation: [{ message: 'no' }] })

describe('the status alone', () => {
  test.each([
    [200, undefined],
    [304, undefined],
    [399, undefined],
    [400, 'client_error'],
    [401, 'auth'],
    [402, 'client_error'],
    [403, 'auth'],
    [404, 'not_found'],
    [405, 'not_found'],
    [408, 'timeout'],
    [409, 'client_error'],
    [410, 'not_found'],
    [413, 'payload'],
    [415, 'payload'],
    [422, 'client_error'],
    [429, 'rate_limited'],
    [431, 'payload'],
    [499, 'client_abort'],
    [500, 'server_error'],
    [501, 'server_error'],
    [502, 'upstream'],
    [503, 'overload'],
    [504, 'timeout'],
    [599, 'server_error'],
    [Number.NaN, undefined],
  ])('of %i stands for %s', (status, category) => {
    expect(categoryOfStatus(status)).toBe(category)
    expect(categoryOf(undefined, answered(status))).toBe(category)
  })
})

describe('the order of evidence', () => {
  test('a torn response without an error is the client that left', () => {
    expect(categoryOf(undefined, TORN)).toBe('client_abort')
    expect(categoryOf(undefined, UNSENT)).toBe('client_abort')
  })

  test('a reset with a torn response is the client, without one a dependency', () => {
    expect(categoryOf(reset, TORN)).toBe('client_abort')
    expect(categoryOf(reset, answered(500))).toBe('upstream')
    expect(categoryOf(withFields({ code: 'EPIPE', syscall: 'write' }), UNSENT)).toBe('client_abort')
  })

  test('an error of another kind is what tore the response', () => {
    expect(categoryOf(new TypeError('x'), TORN)).toBe('exception')
    expect(categoryOf(new TypeError('x'), UNSENT)).toBe('exception')
    expect(categoryOf(refused, TORN)).toBe('upstream')
    expect(categoryOf(refused, UNSENT)).toBe('upstream')
  })

  test('a status that was not sent blames no side', () => {
    // Koa begins with 404 on every response.
    const unsent = { statusCode: 404, responseDestroyed: true, headersSent: false }
    expect(categoryOf(new TypeError('x'), unsent)).toBe('exception')
    expect(categoryOf(refused, unsent)).toBe('upstream')
    expect(categoryOf(invalid, unsent)).toBe('exception')
    expect(categoryOf(undefined, unsent)).toBe('client_abort')
  })

  test('a client that left before the answer that an error asked for is an abort', () => {
    expect(categoryOf(withFields({ status: 404 }), UNSENT)).toBe('client_abort')
    expect(categoryOf(new Error('mapped'), { statusCode: 404, responseDestroyed: true, headersSent: true })).toBe(
      'client_abort',
    )
  })

  test('an unfinished body is the client, even where the answer could be sent', () => {
    expect(categoryOf(withFields({ type: 'request.aborted', status: 400 }), answered(400))).toBe('client_abort')
  })

  test('a 4xx is not blamed on a dependency or on an exception', () => {
    expect(categoryOf(refused, answered(404))).toBe('not_found')
    expect(categoryOf(new Error('x'), answered(409))).toBe('client_error')
  })

  test('a 5xx is not blamed on the request', () => {
    expect(categoryOf(invalid, answered(500))).toBe('exception')
    expect(categoryOf(withFields({ type: 'entity.too.large' }), answered(503))).toBe('overload')
  })

  test('evidence refines 400 and 422, and leaves the specific statuses alone', () => {
    expect(categoryOf(invalid, answered(400))).toBe('validation')
    expect(categoryOf(invalid, answered(422))).toBe('validation')
    expect(categoryOf(invalid, answered(404))).toBe('not_found')
    expect(categoryOf(withFields({ type: 'entity.too.large' }), answered(400))).toBe('payload')
  })

  test('evidence from the error is stronger than a 5xx', () => {
    expect(categoryOf(refused, answered(503))).toBe('upstream')
    expect(categoryOf(withFields({ name: 'TimeoutError' }), answered(503))).toBe('timeout')
  })

  test('an outbound deadline is the dependency, unless the exchange was answered as timed out', () => {
    const late = withFields({ code: 'ETIMEDOUT', syscall: 'connect' })
    expect(categoryOf(late, answered(500))).toBe('upstream')
    expect(categoryOf(late, answered(504))).toBe('timeout')
    expect(categoryOf(refused, answered(504))).toBe('upstream')
  })

  test('a thrown error that names no status is an exception only where it became a 500', () => {
    expect(categoryOf(new Error('x'), answered(500))).toBe('exception')
    expect(categoryOf(new Error('x'), answered(503))).toBe('overload')
    expect(categoryOf(new Error('x'), answered(501))).toBe('server_error')
  })

  test('anything that is thrown is an exception, and undefined is nothing thrown', () => {
    for (const thrown of ['text', 0, null, false, Symbol('x'), {}, () => {}]) {
      expect(categoryOf(thrown, answered(500))).toBe('exception')
    }
    expect(categoryOf(undefined, answered(500))).toBe('server_error')
  })

  test('a status that the error named is believed', () => {
    expect(categoryOf(withFields({ statusCode: 500 }), answered(500))).toBe('server_error')
    expect(categoryOf(withFields({ status: 503 }), answered(503))).toBe('overload')
    expect(categoryOf(withFields({ status: 500, expose: false }), answered(500))).toBe('server_error')
    // Koa leaves this on an error that named none.
    expect(categoryOf(withFields({ status: 500 }), answered(500))).toBe('exception')
    expect(categoryOf(withFields({ status: 'closed' }), answered(500))).toBe('exception')
  })

  test('an error that was recovered from is no failure', () => {
    expect(categoryOf(new Error('x'), answered(200))).toBe(undefined)
    expect(categoryOf(refused, answered(302))).toBe(undefined)
  })

  test('the nearest clear evidence wins, and clear evidence wins over evidence that can mean several things', () => {
    const wrapped = new Error('outer', { cause: new Error('middle', { cause: refused }) })
    expect(categoryOf(wrapped, answered(500))).toBe('upstream')
    const late = Object.assign(new Error('x', { cause: refused }), { name: 'TimeoutError' })
    expect(categoryOf(late, answered(500))).toBe('timeout')
    const near = withFields({ code: 'ECONNRESET', cause: withFields({ name: 'AbortError' }) })
    expect(categoryOf(near, answered(500))).toBe('upstream')
    const aborted = Object.assign(new Error('x', { cause: withFields({ name: 'TimeoutError' }) }), {
      name: 'AbortError',
    })
    expect(categoryOf(aborted, TORN)).toBe('timeout')
  })
})

test('errors of the file system and of our own limits are ours', () => {
  for (const fields of [
    { code: 'ENOENT', syscall: 'open' },
    { code: 'ENOSPC', syscall: 'write' },
    { code: 'EMFILE', syscall: 'connect' },
    { code: 'EADDRNOTAVAIL', syscall: 'connect' },
  ]) {
    expect(categoryOf(withFields(fields), answered(500))).toBe('exception')
  }
})

test('an error tells nothing more than its status where there is nothing to tell', () => {
  expect(categoryOfError(undefined, answered(500))).toBe(undefined)
  expect(categoryOfError(new Error('x'), answered(404))).toBe(undefined)
  expect(categoryOfError(withFields({ statusCode: 503 }), answered(503))).toBe(undefined)
})

describe('whatever is thrown', () => {
  const explode = (): never => {
    throw new Error('trap')
  }
  const traps = {
    get: explode,
    has: explode,
    getPrototypeOf: explode,
    ownKeys: explode,
    getOwnPropertyDescriptor: explode,
  }
  const revoked = Proxy.revocable([], {})
  revoked.revoke()
  const endless = (): object => new Proxy({}, { get: () => endless() })
  const circle = new Error('circle') as Error & { errors?: unknown }
  circle.cause = new AggregateError([circle, circle], 'round', { cause: circle })
  circle.errors = [circle.cause]
  const hostile: readonly [string, unknown][] = [
    ['a proxy whose every trap throws', new Proxy({}, traps)],
    ['a function proxy whose every trap throws', new Proxy(() => {}, traps)],
    ['a revoked proxy', revoked.proxy],
    ['a proxy that answers proxies without end', endless()],
    ['a circle of causes', circle],
    ['a list of hostile errors', new AggregateError([revoked.proxy, new Proxy({}, traps)])],
    ['an object without a prototype', Object.create(null)],
    ['a map that throws', { details: new Proxy(new Map(), traps) }],
  ]

  test.each(hostile)('%s is survived and has a category', (_name, error) => {
    for (const facts of [answered(400), answered(500), answered(503), TORN, UNSENT]) {
      expect(ERROR_CATEGORIES).toContain(categoryOf(error, facts))
    }
    expect(categoryOf(new Error('outer', { cause: error }), answered(500))).toBe('exception')
  })

  test('evidence beside a getter that throws is found', () => {
    const error = Object.defineProperty(new Error('x', { cause: refused }), 'code', { get: explode })
    expect(categoryOf(error, answered(500))).toBe('upstream')
  })
})
