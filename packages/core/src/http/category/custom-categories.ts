import { isPromise } from 'node:util/types'
import { promherdError } from '../../base/errors.ts'
import { ERROR_CATEGORIES } from '../../definitions/label-values.ts'
import type { ErrorFacts } from './category.ts'

/** User-defined categories: a function, limited to names that were declared at start. */

/** Options with which a user extends the categories. */
interface CategorizerOptions<Exchange extends ErrorFacts = ErrorFacts> {
  /**
   * Returns the category of a failed exchange: one of ERROR_CATEGORIES or of `categories`, or undefined to let promherd
   * decide. `error` is undefined if nothing was thrown. @default none
   */
  readonly categorize?: ((error: unknown, exchange: Exchange) => string | undefined) | undefined
  /** Names besides ERROR_CATEGORIES that `categorize` may return: lower case, at most 20. @default [] */
  readonly categories?: readonly string[] | undefined
}

/** Each user-defined category is a series of each route, so the number is limited. */
const MAX_CATEGORIES = 20

/** Returns the user's category of a failed exchange; undefined if there is none, or if it was not declared. */
export type UserCategorizer<Exchange> = (error: unknown, exchange: Exchange) => string | undefined

/**
 * The user's function, from options that were checked; undefined if there is none. `onError` is called each time it
 * throws or returns a name that was not declared. `where` is the name of the options in error messages.
 * @throws ERR_PROMHERD_BAD_OPTION if a category cannot be declared
 */
export function categorizerOf<Exchange extends ErrorFacts>(
  where: string,
  options: CategorizerOptions<Exchange>,
  onError: (message: string) => void,
): UserCategorizer<Exchange> | undefined {
  const known = new Set<string>([...ERROR_CATEGORIES, ...declared(where, options.categories ?? [])])
  const { categorize } = options
  if (categorize === undefined) return undefined
  return (error, exchange) => {
    const answer = answerOf(categorize, error, exchange, onError)
    if (answer === undefined || (typeof answer === 'string' && known.has(answer))) return answer
    onError(`\`categorize\` returned a category that was not declared: ${describe(answer)}`)
    return undefined
  }
}

function answerOf<Exchange>(
  categorize: (error: unknown, exchange: Exchange) => unknown,
  error: unknown,
  exchange: Exchange,
  onError: (message: string) => void,
): unknown {
  try {
    const answer = categorize(error, exchange)
    // The result of an async function would come too late, and its rejection must not end the process.
    if (isPromise(answer)) answer.catch(() => {})
    return answer
  } catch (thrown) {
    onError(`\`categorize\` threw: ${describe(thrown)}`)
    return undefined
  }
}

/** A short description of the returned value. It can be anything, and converting it to a string may throw. */
function describe(value: unknown): string {
  try {
    return String(value).slice(0, 100)
  } catch {
    return `a ${typeof value}`
  }
}

function declared(place: string, categories: readonly string[]): readonly string[] {
  const rejection = (name: string, expected: string, given: unknown, remedy: string) =>
    promherdError('ERR_PROMHERD_BAD_OPTION', `${place}.${name}`, expected, given, remedy)
  if (!Array.isArray(categories))
    throw rejection('categories', 'a list of names', categories, 'Put the names in a list.')
  if (categories.length > MAX_CATEGORIES) {
    const remedy = 'Each is a series of every route: keep those that an alert distinguishes.'
    throw rejection('categories', `at most ${MAX_CATEGORIES} names`, categories.length, remedy)
  }
  const seen = new Set<unknown>(ERROR_CATEGORIES)
  categories.forEach((name, i) => {
    const where = `categories[${i}]`
    if (typeof name !== 'string' || !/^[a-z][a-z0-9_]*$/.test(name)) {
      throw rejection(where, 'a name of lower-case letters, digits and underscores', name, 'Rename it.')
    }
    if (seen.has(name)) throw rejection(where, 'a new name', name, 'Leave it out: it is known already.')
    seen.add(name)
  })
  return [...categories]
}
