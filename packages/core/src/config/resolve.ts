import type { PromherdConfig } from './config.ts'
import { findConfigFile, type WhereToLook } from './find-file.ts'
import { readConfigFile, readConfigFileSync } from './read-file.ts'
import { type Said, SOURCES, saidBy, saidByDefault, saidByEnvironment, saidByFile } from './said.ts'

/** A key with the value that holds, and what was said of it by weaker sources. */
export interface Setting extends Said {
  readonly overridden: readonly Said[]
}

/** The configuration that holds, and where each part of it comes from. */
export interface ResolvedConfig {
  /** What somebody has said, without the defaults: options for the parts that take them. */
  readonly config: PromherdConfig
  /** Every key that has a value, the defaults among them, sorted by key. */
  readonly settings: readonly Setting[]
  /** The absolute path of the file; undefined where there is none. */
  readonly file: string | undefined
}

export interface ResolveOptions extends WhereToLook {
  /** What code says: the strongest. Checked by whoever takes it. */
  readonly options?: PromherdConfig | undefined
  /** What the command line says, checked. */
  readonly commandLine?: readonly Said[] | undefined
  /** Only these keys of the environment: what is wrong with the others is not for this process to say. */
  readonly keys?: ReadonlySet<string> | undefined
}

/**
 * Finds out what holds: options before the command line before the environment before the file before the default.
 * @throws ERR_PROMHERD_CONFIG_FILE, ERR_PROMHERD_CONFIG_FILES, and what is wrong with what a source says
 */
export async function resolveConfig(where: ResolveOptions = {}): Promise<ResolvedConfig> {
  const file = findConfigFile(where)
  return resolved(where, file, file === undefined ? undefined : await readConfigFile(file))
}

/** The same at once: the file must be one that can be required. */
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

/** For each key the strongest that was said: in the order of `said`. */
export function settle(said: readonly Said[]): Setting[] {
  const byKey = new Map<string, Said[]>()
  for (const one of withoutServing(said)) byKey.set(one.key, [...(byKey.get(one.key) ?? []), one])
  const settings = [...byKey.values()].map(([first, ...overridden]) => ({ ...first!, overridden }))
  return settings.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/**
 * `metrics: false` is said of the whole group. A stronger source that names a port or an address wants the metrics to
 * be served all the same; where nobody does, what was said of them is of no account.
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
