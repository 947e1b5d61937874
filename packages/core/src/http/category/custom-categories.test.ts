import { expect, test } from 'vitest'
import { checkOptions } from '../../base/check-options.ts'
import { HTTP_SHAPE } from '../options/http-options.ts'
import { categoryOf, type ErrorFacts } from './category.ts'
import { categorizerOf } from './custom-categories.ts'

const exchange = { statusCode: 500, responseDestroyed: false, headersSent: true }
const errors: string[] = []
const onError = (message: string): void => {
  errors.push(message)
}
const taken = (): string[] => errors.splice(0)

type Options<Exchange extends ErrorFacts> = Parameters<typeof categorizerOf<Exchange>>[1]

/** The category of a failure as a recorder determines it. */
function createCategorizer<Exchange extends ErrorFacts>(
  options: Options<Exchange> = {},
  onFailure: (message: string) => void = () => {},
): (error: unknown, exchange: Exchange) => string | undefined {
  const categorize = categorizerOf('the HTTP options', options, onFailure)
  return (error, given) => categorize?.(error, given) ?? categoryOf(error, given)
}

test('without a function of the user the answer is the built-in one', () => {
  expect(createCategorizer()(new Error('x'), exchange)).toBe('exception')
})

test('the user may answer from the closed set, and from the names declared', () => {
  const known = createCategorizer({ categorize: () => 'upstream' }, onError)
  expect(known(new Error('x'), exchange)).toBe('upstream')
  const own = createCategorizer({ categorize: () => 'payment_refused', categories: ['payment_refused'] }, onError)
  expect(own(new Error('x'), exchange)).toBe('payment_refused')
  expect(taken()).toEqual([])
})

test('the user is given the error and the exchange, with what the caller adds to it', () => {
  const seen: unknown[] = []
  const categorize = createCategorizer<typeof exchange & { route: string }>({
    categorize: (error, { route, statusCode }) => {
      seen.push(error, route, statusCode)
      return undefined
    },
  })
  const error = new Error('x')
  expect(categorize(error, { ...exchange, route: '/pay' })).toBe('exception')
  expect(seen).toEqual([error, '/pay', 500])
})

test.each([
  [
    'a name that was not declared',
    () => 'surprise',
    '`categorize` returned a category that was not declared: surprise',
  ],
  ['a number', () => 7 as unknown as string, '`categorize` returned a category that was not declared: 7'],
  ['null', () => null as unknown as string, '`categorize` returned a category that was not declared: null'],
  [
    'an object that will not be a text',
    () => Object.create(null) as string,
    '`categorize` returned a category that was not declared: a object',
  ],
  [
    'a promise that rejects',
    () => Promise.reject(new Error('late')) as unknown as string,
    '`categorize` returned a category that was not declared: [object Promise]',
  ],
  [
    'an exception',
    () => {
      throw new Error('broken')
    },
    '`categorize` threw: Error: broken',
  ],
])('%s is reported as an error and the built-in category is used', (_name, categorize, message) => {
  expect(createCategorizer({ categorize }, onError)(new Error('x'), exchange)).toBe('exception')
  expect(taken()).toEqual([message])
})

test('undefined selects the built-in category, without an error', () => {
  expect(createCategorizer({ categorize: () => undefined }, onError)(undefined, exchange)).toBe('server_error')
  expect(taken()).toEqual([])
})

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `own_${i}`)

test('twenty names are taken', () => {
  expect(createCategorizer({ categorize: () => 'own_19', categories: many(20) })(undefined, exchange)).toBe('own_19')
})

test.each([
  [many(21), /at most 20 names, but got 21/],
  [['Payment'], /`the HTTP options.categories\[0\]` to be a name of lower-case letters/],
  [['ok', '2nd'], /categories\[1\]/],
  [['a-b'], /a-b/],
  [['a\n'], /categories\[0\]/],
  [[''], /categories\[0\]/],
  [['upstream'], /to be a new name, but got 'upstream'/],
  [['own', 'own'], /categories\[1\]` to be a new name/],
  ['own' as unknown as string[], /a list of names/],
])('the names %j are refused', (categories, message) => {
  expect(() => createCategorizer({ categories })).toThrow(
    expect.objectContaining({ code: 'ERR_PROMHERD_BAD_OPTION', message: expect.stringMatching(message) }),
  )
})

test('an option that is not known is refused', () => {
  const options = { categorise: () => undefined } as object
  expect(() => checkOptions('the HTTP options', options, HTTP_SHAPE)).toThrow(/Did you mean `categorize`/)
})
