import type { PromherdConfig } from './config.ts'
import { findConfigFile, type WhereToLook } from './find-file.ts'
import { readConfigFile, readConfigFileSync } from './read-file.ts'
import { defaultSettings, type Setting, SOURCES, settingsOf, settingsOfEnvironment, settingsOfFile } from './sources.ts'

/** A key with its effective value, and the values of weaker sources. */
export interface EffectiveSetting extends Setting {
  readonly overridden: readonly Setting[]
}

/** The effective configuration, and the source of each part. */
export interface ResolvedConfig {
  /** The values that were set, without the defaults: options for the individual parts. */
  readonly config: PromherdConfig
  /** Every key with a value, including defaults, sorted by key. */
  readonly settings: readonly EffectiveSetting[]
  /** The absolute path of the file; undefined if there is none. */
  readonly file: string | undefined
}

export interface ResolveOptions extends WhereToLook {
  /** Options in code: the strongest source. Checked where they are used. */
  readonly options?: PromherdConfig | undefined
  /** Checked options of the command line. */
  readonly commandLine?: readonly Setting[] | undefined
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
  const settings = effectiveSettings([
    ...settingsOf(options, 'options', 'options'),
    ...commandLine,
    ...settingsOfEnvironment(keys),
    ...(file === undefined || read === undefined ? [] : settingsOfFile(file, read)),
    ...defaultSettings(),
  ])
  return { config: configOf(settings.filter(({ source }) => source !== 'default')), settings, file }
}

/** The strongest setting of each key; `settings` is ordered from strong to weak. */
function effectiveSettings(settings: readonly Setting[]): EffectiveSetting[] {
  const byKey = new Map<string, Setting[]>()
  for (const one of withoutServing(settings)) byKey.set(one.key, [...(byKey.get(one.key) ?? []), one])
  const effective = [...byKey.values()].map(([first, ...overridden]) => ({ ...first!, overridden }))
  return effective.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/**
 * `metrics: false` applies to the whole group. If a stronger source sets a port or an address, the metrics are served
 * nevertheless; otherwise port and address are ignored.
 */
function withoutServing(settings: readonly Setting[]): readonly Setting[] {
  const disabling = settings.find(({ key, value }) => key === 'metrics' && value === false)
  if (disabling === undefined) return settings
  const strength = ({ source }: Setting): number => SOURCES.indexOf(source)
  const isWanted = settings.some(one => SERVING.has(one.key) && strength(one) < strength(disabling))
  return isWanted ? settings.filter(one => one.key !== 'metrics') : settings.filter(one => !SERVING.has(one.key))
}

const SERVING: ReadonlySet<string> = new Set(['metrics.port', 'metrics.host'])

function configOf(settings: readonly EffectiveSetting[]): PromherdConfig {
  const config: Record<string, unknown> = {}
  for (const { key, value } of settings) {
    const [group, inner] = key.split('.', 2) as [string, string?]
    if (inner === undefined) config[group] = value
    else if (config[group] !== false) config[group] = { ...(config[group] as object | undefined), [inner]: value }
  }
  return config
}
