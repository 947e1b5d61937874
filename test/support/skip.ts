import type { TestContext } from 'vitest'

/** What tests may need: programs and rights. scripts/programs.mjs says what each of them is. */
export type Program =
  | 'prometheus'
  | 'promtool'
  | 'prometheus-client'
  | 'redis-server'
  | 'openssl'
  | 'tmux'
  | 'tmpfs'
  | 'namespaces'
  | 'second-user'
  | 'node-22'
  | 'open-files'

const SKIPPED = new Set((process.env['PROMHERD_SKIP'] ?? '').split(',').filter(name => name !== ''))

/** True if PROMHERD_SKIP names the program. */
export function isSkipped(program: Program): boolean {
  return SKIPPED.has(program)
}

/** Skips the test where PROMHERD_SKIP names a program that it needs. There is no other reason to skip one. */
export function needs(context: TestContext, ...programs: Program[]): void {
  const missing = programs.filter(isSkipped)
  context.skip(missing.length > 0, `PROMHERD_SKIP names ${missing.join(', ')}`)
}
