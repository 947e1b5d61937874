import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promherdError } from '../errors.ts'
import { checkConfig, type PromherdConfig } from './config.ts'

/**
 * What a configuration file says, checked. What reads YAML and TypeScript is loaded only where such a file is there.
 * @throws ERR_PROMHERD_CONFIG_FILE where it cannot be read, and what is wrong with what it says
 */
export async function readConfigFile(path: string): Promise<PromherdConfig> {
  const read = READERS[extname(path)]
  if (read === undefined) throw unreadable(path, 'its ending is none of those', `Use one of ${ENDINGS}.`)
  let config: unknown
  try {
    config = await read(path)
  } catch (error) {
    if (error instanceof MissingReader) throw unreadable(path, error.message, error.remedy, error)
    throw unreadable(path, `it cannot be read (${firstLine(error)})`, 'Correct it.', error)
  }
  checkConfig(basename(path), config)
  return config
}

type Read = (path: string) => unknown

const READERS: Readonly<Record<string, Read>> = {
  '.js': importDefault,
  '.mjs': importDefault,
  '.cjs': importDefault,
  '.ts': importTypeScript,
  '.json': path => JSON.parse(readFileSync(path, 'utf8')),
  '.yaml': readYaml,
  '.yml': readYaml,
}

const ENDINGS = Object.keys(READERS).join(', ')

async function importDefault(path: string): Promise<unknown> {
  return defaultOf(await import(pathToFileURL(path).href))
}

function defaultOf(loaded: { readonly default?: unknown }): unknown {
  if (loaded.default === undefined) throw new Error('it exports no default')
  return loaded.default
}

/** Node itself reads it from 22.18 on, and earlier where the program runs under a loader of TypeScript; else jiti. */
async function importTypeScript(path: string): Promise<unknown> {
  try {
    return await importDefault(path)
  } catch (error) {
    if (!NOT_FOR_NODE.has((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
  const { createJiti } = await importReader<typeof import('jiti')>('jiti', path, 'TypeScript')
  return defaultOf(await createJiti(path, { interopDefault: false }).import(path))
}

const NOT_FOR_NODE: ReadonlySet<string> = new Set(['ERR_UNKNOWN_FILE_EXTENSION', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'])

async function readYaml(path: string): Promise<unknown> {
  const { parse } = await importReader<typeof import('yaml')>('yaml', path, 'YAML')
  return parse(readFileSync(path, 'utf8'))
}

/** An optional package, of ours or of the application whose configuration it is. */
async function importReader<Module>(name: string, path: string, language: string): Promise<Module> {
  try {
    return (await import(name)) as Module
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
  }
  try {
    return createRequire(path)(name) as Module
  } catch (cause) {
    throw new MissingReader(name, language, cause)
  }
}

class MissingReader extends Error {
  readonly remedy: string

  constructor(name: string, language: string, cause: unknown) {
    super(`the package \`${name}\`, which reads ${language} here, is not installed`, { cause })
    this.remedy = `Install it (npm install ${name}), or write the configuration in JavaScript or JSON.`
  }
}

function unreadable(path: string, reason: string, remedy: string, cause?: unknown): Error {
  const error = promherdError('ERR_PROMHERD_CONFIG_FILE', path, reason, remedy)
  error.cause = cause
  return error
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!.replace(/[.:]$/, '')
}
