import { promherdError } from './errors.ts'

/**
 * Checks options: once, where they enter; wrong values are never replaced silently. Each set of options has a shape, a
 * check for each known key. An unknown key is rejected, and the error suggests the nearest known one.
 */
export type Check = (name: string, value: unknown) => void
export type Shape<T> = { readonly [K in keyof Required<T>]: Check }

/**
 * Throws the first error in `options`; undefined values count as absent. `foreign` contains remedies for options of
 * other packages.
 */
export function checkOptions<T extends object>(
  where: string,
  options: T,
  shape: Shape<T>,
  foreign: ReadonlyMap<string, string> = new Map(),
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw promherdError('ERR_PROMHERD_BAD_OPTION', where, 'an object', options, 'Give the options by their names.')
  }
  const known = Object.keys(shape)
  for (const [key, value] of Object.entries(options)) {
    if (!known.includes(key)) {
      const remedy = foreign.get(key) ?? remedyFor(nearest(key, known), known)
      throw promherdError('ERR_PROMHERD_UNKNOWN_OPTION', where, key, remedy)
    }
    if (value !== undefined) shape[key as keyof T](`${where}.${key}`, value)
  }
}

function remedyFor(nearest: string | undefined, known: readonly string[]): string {
  if (nearest !== undefined) return `Did you mean \`${nearest}\`?`
  return `Use one of ${known.map(name => `\`${name}\``).join(', ')}.`
}

/** An integer from `least` to `most`. */
export function isInteger(least: number, most: number, remedy: string): Check {
  return (name, value) => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return
    throw promherdError('ERR_PROMHERD_BAD_OPTION', name, `an integer from ${least} to ${most}`, value, remedy)
  }
}

export function isString(remedy: string): Check {
  return (name, value) => {
    if (typeof value === 'string' && value !== '') return
    throw promherdError('ERR_PROMHERD_BAD_OPTION', name, 'a non-empty string', value, remedy)
  }
}

export function isBoolean(remedy: string): Check {
  return (name, value) => {
    if (typeof value === 'boolean') return
    throw promherdError('ERR_PROMHERD_BAD_OPTION', name, '`true` or `false`', value, remedy)
  }
}

export function isFunction(remedy: string): Check {
  return (name, value) => {
    if (typeof value === 'function') return
    throw promherdError('ERR_PROMHERD_BAD_OPTION', name, 'a function', value, remedy)
  }
}

export function isOneOf(choices: readonly string[], remedy: string): Check {
  return (name, value) => {
    if (choices.includes(value as string)) return
    const expected = `one of ${choices.map(choice => `'${choice}'`).join(', ')}`
    throw promherdError('ERR_PROMHERD_BAD_OPTION', name, expected, value, remedy)
  }
}

/** Upper bounds of a histogram: at least one, finite, increasing. +Inf is added automatically and must not be given. */
export const isBuckets: Check = (name, value) => {
  if (!Array.isArray(value) || value.length === 0 || !value.every(bound => Number.isFinite(bound))) {
    throw promherdError(
      'ERR_PROMHERD_BAD_OPTION',
      name,
      'a list of finite numbers',
      value,
      'Give the upper bounds in seconds, without +Inf.',
    )
  }
  value.forEach((bound: number, i) => {
    if (i > 0 && bound <= value[i - 1]) throw promherdError('ERR_PROMHERD_BAD_BUCKETS', name, value[i - 1], bound)
  })
}

/** Accepts any value: checked where it is used. */
export const isAnything: Check = () => {}

/** The known word with the smallest edit distance to `word`, if the distance is small enough for a typing error. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const scored = known.map(name => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
  scored.sort((a, b) => a.distance - b.distance)
  const best = scored[0]
  return best !== undefined && best.distance <= Math.max(2, word.length / 3) ? best.name : undefined
}

/** The Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substituted, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
