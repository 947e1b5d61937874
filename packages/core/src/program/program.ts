import cluster from 'node:cluster'
import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promherdError } from '../base/errors.ts'
import { nodeRequire, resolveInstalled } from '../base/node-require.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { type ClusterOptions, resolveClusterOptions } from '../cluster/options.ts'
import { processSpawner } from '../cluster/process/child-process.ts'
import { programPrimary } from './program-primary.ts'

/** A program that does not use promherd itself. */
export interface Program {
  /** The file, as in a call of `node`. */
  readonly file: string
  /** The arguments after its own name in `process.argv`. @default [] */
  readonly args?: readonly string[] | undefined
  /** Options of Node for the workers. @default those of this process */
  readonly execArgv?: readonly string[] | undefined
  /**
   * Whether a program that has never listened is started again when it exits. If not, this process exits with the exit
   * code of the program, as if it were the program. @default false
   */
  readonly shouldRestart?: boolean | undefined
}

/**
 * Runs a program in several worker processes, as `startCluster` runs a function. `process.argv` and `require.main` are
 * the same in each as without promherd, and its output goes to the same places.
 * @throws ERR_PROMHERD_PROGRAM, and what `startCluster` throws
 */
export function startProgram(options: ClusterOptions, program: Program): Cluster {
  const { args = [], execArgv = process.execArgv, shouldRestart = false } = program
  const file = programFile(program.file)
  const resolved = resolveClusterOptions(options)
  cluster.setupPrimary({ exec: file, args: [...args], execArgv: [...execArgv, ...preloads()] })
  return programPrimary(resolved, processSpawner, { shouldRestart })
}

/** The absolute path of a program. @throws ERR_PROMHERD_PROGRAM if it is not a file */
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

/**
 * The file that `node` would run for a directory: the main file of its package.json or else its index.js; relative to
 * the directory.
 */
function mainOf(directory: string): string | undefined {
  try {
    const main = nodeRequire().resolve(directory)
    return /\.[cm]?[jt]sx?$/.test(main) ? relative(realpathSync(directory), main) : undefined
  } catch {
    return undefined
  }
}

/** The modules that a worker loads before the program. @throws ERR_PROMHERD_PROGRAM in a bundle without these files */
function preloads(): string[] {
  return ['program-worker.js', 'auto.js'].flatMap(name => ['--import', pathToFileURL(ownFile(name)).href])
}

/** A built file of this package: in the folder of this one, unless a bundler has moved it. */
function ownFile(name: string): string {
  for (const folderOf of [beside, installed]) {
    const folder = folderOf()
    if (folder !== undefined && existsSync(join(folder, name))) return join(folder, name)
  }
  const reason = 'promherd is part of a bundle, which has no file that its workers could load'
  throw promherdError('ERR_PROMHERD_PROGRAM', '@promherd/core', reason, 'Install @promherd/core beside the bundle.')
}

function beside(): string | undefined {
  const here: string | undefined = import.meta.url
  return here?.startsWith('file:') ? dirname(fileURLToPath(here)) : undefined
}

function installed(): string | undefined {
  try {
    return join(dirname(resolveInstalled('@promherd/core/package.json')), 'bundle')
  } catch {
    return undefined
  }
}
