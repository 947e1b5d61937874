import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { runProcess } from '../support/process.ts'
import { FIXTURES } from './preloaded.ts'

/** The program on Next.js, and the command of Next.js. */
export const NEXT_PROGRAM: string = join(FIXTURES, 'next')
export const NEXT_COMMAND: string = createRequire(import.meta.url).resolve('next/dist/bin/next')

/** Builds the program, unless the last build was of the same files: it takes some 20 s of CPU. */
export async function buildNext(): Promise<void> {
  const output = join(NEXT_PROGRAM, '.next')
  const mark = join(output, 'built-of')
  const sources = fingerprint()
  if (existsSync(mark) && readFileSync(mark, 'utf8') === sources) return
  rmSync(output, { recursive: true, force: true })
  const env = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production', NODE_OPTIONS: undefined }
  const { code, output: said } = await runProcess(process.execPath, [NEXT_COMMAND, 'build', NEXT_PROGRAM], { env })
  if (code !== 0) throw new Error(`Expected the program to be built, but next ended with ${code}: ${said}`)
  writeFileSync(mark, sources)
}

function fingerprint(): string {
  const hash = createHash('sha256').update(readFileSync(join(NEXT_COMMAND, '../../../package.json')))
  for (const name of readdirSync(NEXT_PROGRAM, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(NEXT_PROGRAM, name)
    if (!name.startsWith('.next') && statSync(path).isFile()) hash.update(name).update(readFileSync(path))
  }
  return hash.digest('hex')
}
