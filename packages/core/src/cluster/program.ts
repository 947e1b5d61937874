import cluster from 'node:cluster'
import { realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promherdError } from '../errors.ts'
import type { Cluster } from './cluster.ts'
import { type ClusterOptions, resolveClusterOptions } from './options.ts'
import { programPrimary } from './program-primary.ts'
import { processSpawner } from './spawned-process.ts'

/** A program that knows nothing of promherd. */
export interface Program {
  /** The file that `node` would be given. */
  readonly file: string
  /** What it finds in `process.argv` after its own name. @default [] */
  readonly args?: readonly string[] | undefined
  /** Options of Node for the workers. @default those of this process */
  readonly execArgv?: readonly string[] | undefined
  /**
   * Whether a program that has never listened is started again when it ends. Else this process ends then, with the
   * exit code of the program, as if it were the program. @default false
   */
  readonly isRestarted?: boolean | undefined
}

/**
 * Runs a program in several worker processes, as `startCluster` runs a function. Each finds in `process.argv` and in
 * `require.main` what it would find alone, and what it says goes to the same places.
 * @throws ERR_PROMHERD_PROGRAM, and what `startCluster` throws
 */
export function startProgram(options: ClusterOptions, program: Program): Cluster {
  const { args = [], execArgv = process.execArgv, isRestarted = false } = program
  const file = programFile(program.file)
  const resolved = resolveClusterOptions(options)
  cluster.setupPrimary({ exec: file, args: [...args], execArgv: [...execArgv, ...preloads()] })
  return programPrimary(resolved, processSpawner, { isRestarted })
}

/** The absolute path of a program. @throws ERR_PROMHERD_PROGRAM where it is no file */
export function programFile(file: string): string {
  const path = resolve(file)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isFile() === true) return path
  if (found?.isDirectory() === true) {
    const main = mainOf(path)
    const remedy =
      main === undefined ? 'Name the file in it that starts the program.' : `Did you mean \`${join(file, main)}\`?`
    throw promherdError('ERR_PROMHERD_PROGRAM', file, 'it is a directory', remedy)
  }
  throw promherdError('ERR_PROMHERD_PROGRAM', file, 'there is no such file', 'Correct the path.')
}

/** The file that `node` would run for a directory, as its package.json names it or else its index.js; from there. */
function mainOf(directory: string): string | undefined {
  try {
    const main = createRequire(import.meta.url).resolve(directory)
    return /\.[cm]?[jt]sx?$/.test(main) ? relative(realpathSync(directory), main) : undefined
  } catch {
    return undefined
  }
}

/** What is loaded in a worker before the program. */
function preloads(): string[] {
  const files = [new URL('./program-worker.js', import.meta.url).href, ...measuring()]
  return files.flatMap(file => ['--import', file])
}

function measuring(): string[] {
  try {
    return [pathToFileURL(createRequire(import.meta.url).resolve('@promherd/core/auto')).href]
  } catch {
    return []
  }
}
