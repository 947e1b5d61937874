import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promherdError } from '../errors.ts'

/** What a configuration file may be called: `promherd.config` with one of these endings. */
const CONFIG_ENDINGS = ['js', 'mjs', 'cjs', 'ts', 'json', 'yaml', 'yml'] as const

const CONFIG_NAMES: ReadonlySet<string> = new Set(CONFIG_ENDINGS.map(ending => `promherd.config.${ending}`))

export interface WhereToLook {
  /** The file to take, whatever is in the directory. @default PROMHERD_CONFIG */
  readonly file?: string | undefined
  /** The one directory in which a file is looked for. @default the working directory */
  readonly directory?: string | undefined
}

/**
 * The absolute path of the configuration file; undefined where there is none. Costs one look into the directory.
 * @throws ERR_PROMHERD_CONFIG_FILE for a named file that is not there, ERR_PROMHERD_CONFIG_FILES where there are two
 */
export function findConfigFile({ file, directory = process.cwd() }: WhereToLook = {}): string | undefined {
  const named = file ?? (process.env['PROMHERD_CONFIG'] || undefined)
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

/** A directory that cannot be listed has no configuration for us. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
