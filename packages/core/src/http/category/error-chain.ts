/**
 * Searches thrown values for evidence. A thrown value can be anything, including a proxy or an object with a getter
 * that throws. Nothing here throws, follows a cycle, or reads more than a fixed number of objects.
 */

/** How many levels of `cause` are followed: libraries wrap an error once or twice, so eight is generous. */
const MAX_DEPTH = 8
/** How many members of one aggregate error are read: as many as a host name has addresses. */
const MAX_SIBLINGS = 8
/** How many errors are read in total, since each of them may be an aggregate. */
const MAX_ERRORS = 32

/** Reads a property of any value; undefined if there is none, or if reading it throws. */
export function read(value: unknown, key: string): unknown {
  if (!isObject(value)) return undefined
  try {
    return (value as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}

/** Reads a string property; the empty string if it is not a string. */
export function readText(value: unknown, key: string): string {
  const text = read(value, key)
  return typeof text === 'string' ? text : ''
}

/** Reads the first element of an array property; undefined if it is not an array, or is empty. */
export function readFirst(value: unknown, key: string): unknown {
  const list = read(value, key)
  return isList(list) ? read(list, '0') : undefined
}

/** True for a value that can have properties. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** True for an array; false for a revoked proxy. */
export function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

/** The error itself, then its causes and aggregated errors, nearest first. */
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
