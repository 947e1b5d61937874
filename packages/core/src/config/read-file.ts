import { readFileSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isModuleNamespaceObject } from 'node:util/types'
import { PromherdError, promherdError } from '../base/errors.ts'
import { requireFrom, requireInstalled } from '../base/node-require.ts'
import { checkConfig, type PromherdConfig } from './config.ts'

/**
 * Reads and checks a configuration file. The parsers of YAML and TypeScript are loaded only if the file needs them.
 * @throws ERR_PROMHERD_CONFIG_FILE if it cannot be read, and errors in its values
 */
export async function readConfigFile(path: string): Promise<PromherdConfig> {
  const read = readerFor(path, READERS)
  try {
    return checked(path, await read(path))
  } catch (error) {
    throw explained(path, error)
  }
}

/**
 * The synchronous variant, for a preload that cannot wait.
 * @throws the errors of `readConfigFile`, and ERR_PROMHERD_CONFIG_FILE for an ES module with top-level await
 */
export function readConfigFileSync(path: string): PromherdConfig {
  const read = readerFor(path, SYNC_READERS)
  try {
    return checked(path, read(path))
  } catch (error) {
    throw explained(path, error)
  }
}

type Read = (path: string) => unknown

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

const READERS: Readonly<Record<string, Read>> = {
  '.js': importDefault,
  '.mjs': importDefault,
  '.cjs': importDefault,
  '.ts': importTypeScript,
  '.json': readJson,
  '.yaml': readYaml,
  '.yml': readYaml,
}

const SYNC_READERS: Readonly<Record<string, Read>> = {
  '.js': requireDefault,
  '.mjs': requireDefault,
  '.cjs': requireDefault,
  '.ts': requireTypeScript,
  '.json': readJson,
  '.yaml': requireYaml,
  '.yml': requireYaml,
}

function readerFor(path: string, readers: Readonly<Record<string, Read>>): Read {
  const read = readers[extname(path)]
  if (read !== undefined) return read
  throw unreadable(path, 'its ending is none of those', `Use one of ${Object.keys(readers).join(', ')}.`)
}

function checked(path: string, config: unknown): PromherdConfig {
  checkConfig(basename(path), config)
  return config
}

/** Errors in the file's values are already explained; any other error means that the file could not be read. */
function explained(path: string, error: unknown): unknown {
  if (error instanceof PromherdError) return error
  if (error instanceof MissingReader) return unreadable(path, error.message, error.remedy, error)
  const remedy = NEEDS_IMPORT.has(codeOf(error))
    ? 'Load the preload with --import, which can wait for it.'
    : 'Correct it.'
  return unreadable(path, `it cannot be read (${firstLine(error)})`, remedy, error)
}

/** Node's error codes for a module that cannot be loaded by `require`. */
const NEEDS_IMPORT: ReadonlySet<string> = new Set(['ERR_REQUIRE_ASYNC_MODULE', 'ERR_REQUIRE_ESM'])

async function importDefault(path: string): Promise<unknown> {
  return defaultOf(await import(/* webpackIgnore: true */ pathToFileURL(path).href))
}

function requireDefault(path: string): unknown {
  const loaded = requireFrom(path)(path) as { readonly default?: unknown }
  return isModuleNamespaceObject(loaded) ? defaultOf(loaded) : loaded
}

function defaultOf(loaded: { readonly default?: unknown }): unknown {
  if (loaded.default === undefined) throw new Error('it exports no default')
  return loaded.default
}

/** Node itself loads it since 22.18, and earlier if the program runs under a TypeScript loader; otherwise jiti does. */
async function importTypeScript(path: string): Promise<unknown> {
  try {
    return await importDefault(path)
  } catch (error) {
    if (!NOT_FOR_NODE.has(codeOf(error))) throw error
  }
  const { createJiti } = await importReader<typeof import('jiti')>('jiti', path, 'TypeScript')
  return defaultOf(await createJiti(path, { interopDefault: false }).import(path))
}

/** Node 20 would load it as CommonJS in JavaScript. */
function requireTypeScript(path: string): unknown {
  if ((process.features as { typescript?: unknown }).typescript) return requireDefault(path)
  const { createJiti } = requireReader<typeof import('jiti')>('jiti', path, 'TypeScript')
  return defaultOf(createJiti(path, { interopDefault: false })(path) as { readonly default?: unknown })
}

const NOT_FOR_NODE: ReadonlySet<string> = new Set(['ERR_UNKNOWN_FILE_EXTENSION', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'])

async function readYaml(path: string): Promise<unknown> {
  const { parse } = await importReader<typeof import('yaml')>('yaml', path, 'YAML')
  return parse(readFileSync(path, 'utf8'))
}

function requireYaml(path: string): unknown {
  const { parse } = requireReader<typeof import('yaml')>('yaml', path, 'YAML')
  return parse(readFileSync(path, 'utf8'))
}

/** Loads an optional package, from promherd or from the application of the configuration. */
async function importReader<Module>(name: string, path: string, language: string): Promise<Module> {
  try {
    return (await import(/* webpackIgnore: true */ name)) as Module
  } catch (error) {
    if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw error
  }
  return requireReader(name, path, language)
}

function requireReader<Module>(name: string, path: string, language: string): Module {
  for (const load of [requireInstalled<Module>, requireFrom(path) as (name: string) => Module]) {
    try {
      return load(name)
    } catch (error) {
      if (!codeOf(error).endsWith('MODULE_NOT_FOUND')) throw error
    }
  }
  throw new MissingReader(name, language)
}

class MissingReader extends Error {
  readonly remedy: string

  constructor(name: string, language: string) {
    super(`the package \`${name}\`, which reads ${language} here, is not installed`)
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

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? ''
}
