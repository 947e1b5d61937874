import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ProcessOptions, runProcess } from '../support/process.ts'

/** A program that has to be built before it runs, by a command of its framework. */
export interface Build {
  /** Its folder. */
  readonly program: string
  /** Where the command puts what it builds, in that folder. */
  readonly output: string
  readonly command: readonly string[]
  /** The manifest of the framework: another version builds anew. */
  readonly manifest: string
  readonly env?: ProcessOptions['env']
}

/** Builds the program, unless the last build was of the same files: it takes up to 20 s of CPU. */
export async function buildOnce({ program, output, command, manifest, env = {} }: Build): Promise<void> {
  const folder = join(program, output)
  const mark = join(folder, 'built-of')
  const sources = fingerprint(program, manifest)
  if (existsSync(mark) && readFileSync(mark, 'utf8') === sources) return
  rmSync(folder, { recursive: true, force: true })
  const options = { cwd: program, env: { NODE_ENV: 'production', NODE_OPTIONS: undefined, ...env } }
  const { code, output: said } = await runProcess(process.execPath, command, options)
  if (code !== 0) throw new Error(`Expected the program to be built, but ${command[0]} ended with ${code}: ${said}`)
  writeFileSync(mark, sources)
}

/** Of the manifest and all files, but for what is built, whose folders begin with a dot. */
function fingerprint(program: string, manifest: string): string {
  const hash = createHash('sha256').update(readFileSync(manifest))
  for (const name of readdirSync(program, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(program, name)
    if (!name.startsWith('.') && !name.includes('node_modules') && statSync(path).isFile()) {
      hash.update(name).update(readFileSync(path))
    }
  }
  return hash.digest('hex')
}
