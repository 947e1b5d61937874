import type { PromherdConfig } from './config.ts'
import { findConfigFile, type WhereToLook } from './find-file.ts'
import { readConfigFile, readConfigFileSync } from './read-file.ts'
import { type Said, SOURCES, saidBy, saidByDefault, saidByEnvironment, saidByFile } from './said.ts'

/** A key with its effective value, and the values of weaker sources. */
export interface Setting extends Said {
  readonly overridden: readonly Said[]
}

/** The effective configuration, and the source of each part. */
export interface ResolvedConfig {
  /** The values that were set, without the defaults: options for the individual parts. */
  readonly config: PromherdConfig
  /** Every key with a value, including defaults, sorted by key. */
  readonly settings: readonly Setting[]
  /** The absolute path of the file; undefined if there is none. */
  readonly file: string | undefined
}

export interface ResolveOptions extends WhereToLook {
  /** Options in code: the strongest source. Checked where they are used. */
  readonly options?: PromherdConfig | undefined
  /** Checked options of the command line. */
  readonly commandLine?: readonly Said[] | undefined
  /** Read only these keys from the environment: errors in the others are reported by the process that uses them. */
  readonly keys?: ReadonlySet<string> | undefined
}

/**
 * Determines the effective configuration. The precedence is: options, command line, environment, file, default.
 * @throws ERR_PROMHERD_CONFIG_FILE, ERR_PROMHERD_CONFIG_FILES, and errors in the values of a source
 */
export async function resolveConfig(where: ResolveOptions = {}): Promise<ResolvedConfig> {
  const file = findConfigFile(where)
  return resolved(where, file, file === undefined ? undefined : await readConfigFile(file))
}

/** The synchronous variant: the file must be loadable by `require`. */
export function resolveConfigSync(where: ResolveOptions = {}): ResolvedConfig {
  const file = findConfigFile(where)
  return resolved(where, file, file === undefined ? undefined : readConfigFileSync(file))
}

function resolved(where: ResolveOptions, file: string | undefined, read: PromherdConfig | undefined): ResolvedConfig {
  const { options = {}, commandLine = [], keys } = where
  const settings = settle([
    ...saidBy(options, 'options', 'options'),
    ...commandLine,
    ...saidByEnvironment(keys),
    ...(file === undefined || read === undefined ? [] : saidByFile(file, read)),
    ...saidByDefault(),
  ])
  return { config: configOf(settings.filter(({ source }) => source !== 'default')), settings, file }
}

/** The strongest setting of each key; `said` is ordered from strong to weak. */
export function settle(said: readonly Said[]): Setting[] {
  const byKey = new Map<string, Said[]>()
  for (const one of withoutServing(said)) byKey.set(one.key, [...(byKey.get(one.key) ?? []), one])
  const settings = [...byKey.values()].map(([first, ...overridden]) => ({ ...first!, overridden }))
  return settings.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/**
 * `metrics: false` applies to the whole group. If a stronger source sets a port or an address, the metrics are served
 * nevertheless; otherwise port and address are ignored.
 */
function withoutServing(said: readonly Said[]): readonly Said[] {
  const refusal = said.find(({ key, value }) => key === 'metrics' && value === false)
  if (refusal === undefined) return said
  const strength = ({ source }: Said): number => SOURCES.indexOf(source)
  const isWanted = said.some(one => SERVING.has(one.key) && strength(one) < strength(refusal))
  return isWanted ? said.filter(one => one.key !== 'metrics') : said.filter(one => !SERVING.has(one.key))
}

const SERVING: ReadonlySet<string> = new Set(['metrics.port', 'metrics.host'])

function configOf(settings: readonly Setting[]): PromherdConfig {
  const config: Record<string, unknown> = {}
  for (const { key, value } of settings) {
    const [group, inner] = key.split('.', 2) as [string, string?]
    if (inner === undefined) config[group] = value
    else if (config[group] !== false) config[group] = { ...(config[group] as object | undefined), [inner]: value }
  }
  return config
}
