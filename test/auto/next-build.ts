import { createRequire } from 'node:module'
import { join } from 'node:path'
import { buildOnce } from './build-once.ts'
import { FIXTURES } from './preloaded.ts'

/** The program on Next.js, and the command of Next.js. */
export const NEXT_PROGRAM: string = join(FIXTURES, 'next')
export const NEXT_COMMAND: string = createRequire(import.meta.url).resolve('next/dist/bin/next')

/** Builds the program. */
export function buildNext(): Promise<void> {
  return buildOnce({
    program: NEXT_PROGRAM,
    output: '.next',
    command: [NEXT_COMMAND, 'build', NEXT_PROGRAM],
    manifest: join(NEXT_COMMAND, '../../../package.json'),
    env: { NEXT_TELEMETRY_DISABLED: '1' },
  })
}
