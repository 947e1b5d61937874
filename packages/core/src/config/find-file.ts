import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readVariable } from '../base/environment.ts'
import { promherdError } from '../base/errors.ts'

/** The names of configuration files: `promherd.config` with one of these extensions. */
const CONFIG_ENDINGS = ['js', 'mjs', 'cjs', 'ts', 'json', 'yaml', 'yml'] as const

const CONFIG_NAMES: ReadonlySet<string> = new Set(CONFIG_ENDINGS.map(ending => `promherd.config.${ending}`))

export interface WhereToLook {
  /** The file to use, regardless of the directory. @default PROMHERD_CONFIG */
  readonly file?: string | undefined
  /** The only directory in which a file is searched for. @default the working directory */
  readonly directory?: string | undefined
}

/**
 * The absolute path of the configuration file; undefined if there is none. Costs one listing of the directory.
 * @throws ERR_PROMHERD_CONFIG_FILE if a named file does not exist, ERR_PROMHERD_CONFIG_FILES if there are two
 */
export function findConfigFile({ file, directory = process.cwd() }: WhereToLook = {}): string | undefined {
  const named = file ?? readVariable('PROMHERD_CONFIG')
  if (named !== undefined)
    return namedFile(resolve(directory, named), file === undefined ? 'PROMHERD_CONFIG' : '--config')
  const found = namesIn(directory).filter(name => CONFIG_NAMES.has(name))
  if (found.length > 1) throw promherdError('ERR_PROMHERD_CONFIG_FILES', directory, found.sort())
  return found[0] === undefined ? undefined : join(directory, found[0])
}

function namedFile(path: string, by: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return path
  throw promherdError('ERR_PROMHERD_CONFIG_FILE', path, 'there is no such file', `Correct ${by}.`)
}

/** A directory that cannot be listed counts as one without a configuration file. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
