/**
 * Every error that promherd throws, in one place. A message contains what was expected, what was given and what to do.
 * Users match `code`; codes are never reused for a different error.
 */
const MESSAGES = {
  ERR_PROMHERD_UNKNOWN_OPTION: (where: string, key: string, remedy: string) =>
    `Expected only known options in ${where}, but got \`${key}\`. ${remedy}`,
  ERR_PROMHERD_BAD_OPTION: (name: string, expected: string, given: unknown, remedy: string) =>
    `Expected \`${name}\` to be ${expected}, but got ${describe(given)}. ${remedy}`,
  ERR_PROMHERD_BAD_BUCKETS: (name: string, before: number, after: number) =>
    `Expected \`${name}\` to increase, but ${after} follows ${before}. Sort the upper bounds and drop the duplicates.`,
  ERR_PROMHERD_BAD_NAME: (kind: string, name: unknown) =>
    `Expected a ${kind} of letters, digits and underscores that does not begin with a digit, but got ${describe(name)}. Rename it.`,
  ERR_PROMHERD_RESERVED_NAME: (kind: string, name: string, owner: string) =>
    `Expected a ${kind} that is free, but \`${name}\` belongs to ${owner}. Rename it.`,
  ERR_PROMHERD_FAMILY_CONFLICT: (name: string, part: string, existing: unknown, given: unknown) =>
    `Expected \`${name}\` to be declared once, but it exists with ${part} ${describe(existing)} and was declared again with ${describe(given)}. Use the first one, or another name.`,
  ERR_PROMHERD_LABEL_COUNT: (name: string, expected: readonly string[], given: number) =>
    `Expected ${expected.length} label values for \`${name}\` (${expected.join(', ') || 'none'}), but got ${given}. Give one value for each label, in that order.`,
  ERR_PROMHERD_DIRECTORY: (directory: string, reason: string) =>
    `Expected a directory that this process can write, but \`${directory}\` is not (${reason}). Create it, change its owner, or set PROMETHEUS_MULTIPROC_DIR to another one.`,
  ERR_PROMHERD_PRIMARY_EXISTS: (directory: string, pid: number) =>
    `Expected to be the only primary of \`${directory}\`, but process ${pid} already is. Stop it, or give each herd a directory of its own.`,
  ERR_PROMHERD_CONFIG_FILE: (path: string, reason: string, remedy: string) =>
    `Expected \`${path}\` to be a configuration file, but ${reason}. ${remedy}`,
  ERR_PROMHERD_CONFIG_FILES: (directory: string, names: readonly string[]) =>
    `Expected one configuration file in \`${directory}\`, but there are ${names.map(name => `\`${name}\``).join(' and ')}. Remove all but one, or name the one to take with --config or PROMHERD_CONFIG.`,
  ERR_PROMHERD_PROGRAM: (path: string, reason: string, remedy: string) =>
    `Expected \`${path}\` to be the file of a program, but ${reason}. ${remedy}`,
  ERR_PROMHERD_THREADS: (expected: string, given: string, remedy: string) =>
    `Expected ${expected}, but ${given}. ${remedy}`,
  ERR_PROMHERD_NOT_CALLED: (name: string, remedy: string) =>
    `Expected \`${name}\` to be called with options, but it was given to the framework as it is. ${remedy}`,
  ERR_PROMHERD_CALLED: (name: string, remedy: string) =>
    `Expected \`${name}\` to be given to the framework as it is, but it was called. ${remedy}`,
} as const

/** The code of an error thrown by promherd. */
export type ErrorCode = keyof typeof MESSAGES

/** An error thrown by promherd, always from a constructor or a set-up call, never while requests are served. */
export class PromherdError extends Error {
  override readonly name = 'PromherdError'
  /** Identifies the error; stable across versions, unlike the message. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Creates the error `code` from the parts of its message. */
export function promherdError<C extends ErrorCode>(code: C, ...parts: Parameters<(typeof MESSAGES)[C]>): PromherdError {
  const message = MESSAGES[code] as (...parts: unknown[]) => string
  return new PromherdError(code, message(...parts))
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    return JSON.stringify(value)
  } catch {
    return 'an object'
  }
}
