import { basename } from 'node:path'
import type { Check } from '../base/check-options.ts'
import { readVariable, typedValue, VARIABLES, type ValueType, type VariableName } from '../base/environment.ts'
import { CLUSTER_DEFAULTS } from '../cluster/options.ts'
import { HTTP_SHAPE } from '../http/options/http-options.ts'
import { DEFAULT_HOST, DEFAULT_PORT, WHERE_SHAPE } from '../server/serve-herd.ts'
import { CONFIG_SHAPE, GROUPS, type PromherdConfig } from './config.ts'
import { REDIS_SHAPE } from './redis-config.ts'

/** One setting of a source, in the same shape for all sources. */
export interface Setting {
  /** As in the configuration, with a dot between a group and its key: `metrics.port`. */
  readonly key: string
  readonly value: unknown
  readonly source: SourceKind
  /** The exact origin: an option of the command line, a variable, a file. */
  readonly origin: string
}

/** The kinds of sources, the strongest first. */
export const SOURCES = ['options', 'command line', 'environment', 'file', 'default'] as const
export type SourceKind = (typeof SOURCES)[number]

/** The settings in a configuration. Undefined values are ignored. */
export function settingsOf(config: PromherdConfig, source: SourceKind, origin: string): Setting[] {
  return flattened(config).map(([key, value]) => ({ key, value, source, origin }))
}

export function settingsOfFile(path: string, config: PromherdConfig): Setting[] {
  return settingsOf(config, 'file', basename(path))
}

/**
 * The settings in environment variables for `keys`. If two variables set the same key, the first one wins.
 * @throws ERR_PROMHERD_BAD_OPTION, with the name of the variable
 */
export function settingsOfEnvironment(keys?: ReadonlySet<string>): Setting[] {
  // Applications use variables for Redis with these names too, and Kubernetes sets `REDIS_PORT` to a URL.
  const isRedisRead = readVariable('REDIS_ENABLED') === true
  return CONFIGURING.flatMap(({ name, key }): Setting[] => {
    if (keys?.has(key) === false || (key.startsWith('redis.') && !isRedisRead)) return []
    const value = readVariable(name, CHECKS[key])
    return value === undefined ? [] : [{ key, value, source: 'environment', origin: name }]
  })
}

/**
 * The settings in options of a command line: `text` is the value as typed.
 * @throws ERR_PROMHERD_BAD_OPTION, with the name of the option
 */
export function settingsOfCommandLine(given: readonly { option: string; key: string; text: string }[]): Setting[] {
  return given.map(({ option, key, text }) => {
    const value = typedValue(text, TYPES.get(key) ?? 'string')
    CHECKS[key]?.(option, value)
    return { key, value, source: 'command line', origin: option }
  })
}

/** The variables that set a key of the configuration. */
const CONFIGURING = (Object.keys(VARIABLES) as VariableName[]).flatMap(name => {
  const variable: { readonly type: ValueType; readonly key?: string } = VARIABLES[name]
  return variable.key === undefined ? [] : [{ name, key: variable.key, type: variable.type }]
})

/** The type of each key that a variable sets, and of those that only the command line sets; others are strings. */
const TYPES: ReadonlyMap<string, ValueType> = new Map([
  ...CONFIGURING.map(({ key, type }) => [key, type] as const),
  ['threads', 'integer'] as const,
])

/** The checks of the keys that variables and the command line set. */
const CHECKS: Readonly<Record<string, Check>> = {
  workers: CONFIG_SHAPE.workers,
  threads: CONFIG_SHAPE.threads,
  storage: CONFIG_SHAPE.storage,
  ...below('metrics', WHERE_SHAPE),
  ...below('http', HTTP_SHAPE),
  ...below('redis', REDIS_SHAPE),
}

function below(group: string, shape: Readonly<Record<string, Check>>): Record<string, Check> {
  return Object.fromEntries(Object.entries(shape).map(([key, check]) => [`${group}.${key}`, check]))
}

export function defaultSettings(): Setting[] {
  return settingsOf(DEFAULTS, 'default', 'default')
}

const DEFAULTS: PromherdConfig = {
  workers: 'max',
  metrics: { port: DEFAULT_PORT, host: DEFAULT_HOST },
  ...CLUSTER_DEFAULTS,
}

function flattened(config: PromherdConfig): [key: string, value: unknown][] {
  return Object.entries(config).flatMap(([key, value]): [string, unknown][] => {
    if (value === undefined) return []
    if (!(GROUPS as readonly string[]).includes(key) || value === false) return [[key, value]]
    return Object.entries(value as object)
      .filter(([, inner]) => inner !== undefined)
      .map(([inner, innerValue]) => [`${key}.${inner}`, innerValue])
  })
}
