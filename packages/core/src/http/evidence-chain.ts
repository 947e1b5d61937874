/**
 * How evidence is looked for in something that was thrown: it may be anything, a proxy or a getter that throws among
 * it. Nothing here throws, follows a circle, or looks at more than a fixed number of things.
 */

/** How deep the chain of causes is followed: libraries wrap once or twice, so eight is generous. */
const MAX_DEPTH = 8
/** How many of the errors that one error gathers are looked at: as many as a name has addresses. */
const MAX_SIBLINGS = 8
/** How many errors are looked at in all, since each of them may gather others. */
const MAX_ERRORS = 32

/** A property of anything; undefined where there is none, or where asking for it throws. */
export function read(value: unknown, key: string): unknown {
  if (!isObject(value)) return undefined
  try {
    return (value as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}

/** A property that is a text; the empty text where it is none. */
export function readText(value: unknown, key: string): string {
  const text = read(value, key)
  return typeof text === 'string' ? text : ''
}

/** The first entry of a property that is a list; undefined where it is none, or is empty. */
export function readFirst(value: unknown, key: string): unknown {
  const list = read(value, key)
  return isList(list) ? read(list, '0') : undefined
}

/** True for what can have properties. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** True for an array; a revoked proxy is none. */
export function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

/** The error itself, then what caused it and what it gathers, nearest first. */
export function errorsOf(error: unknown): readonly object[] {
  if (!isObject(error)) return []
  const found = new Set<object>([error])
  let level: readonly object[] = [error]
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    const before = found.size
    for (const known of level) {
      for (const cause of causesOf(known)) if (found.size < MAX_ERRORS) found.add(cause)
    }
    level = [...found].slice(before)
  }
  return [...found]
}

function causesOf(error: object): readonly object[] {
  const causes = [read(error, 'cause')]
  const gathered = read(error, 'errors')
  if (isList(gathered)) for (let i = 0; i < MAX_SIBLINGS; i++) causes.push(read(gathered, String(i)))
  return causes.filter(isObject)
}
