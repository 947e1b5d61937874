import { basename } from 'node:path'
import type { Check } from '../base/check-options.ts'
import { CLUSTER_DEFAULTS } from '../cluster/options.ts'
import { HTTP_SHAPE } from '../http/options/http-options.ts'
import { MONITOR_SHAPE, readBoolean } from '../monitor/monitor-options.ts'
import { DEFAULT_HOST, DEFAULT_PORT, namesIn, WHERE_SHAPE } from '../server/serve-herd.ts'
import { CONFIG_SHAPE, GROUPS, type PromherdConfig } from './config.ts'
import { REDIS_SHAPE } from './redis-config.ts'

/** One setting of a source, in the same shape for all sources. */
export interface Said {
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
export function saidBy(config: PromherdConfig, source: SourceKind, origin: string): Said[] {
  return flattened(config).map(([key, value]) => ({ key, value, source, origin }))
}

export function saidByFile(path: string, config: PromherdConfig): Said[] {
  return saidBy(config, 'file', basename(path))
}

/**
 * The settings in environment variables for `keys`. If two variables set the same key, the first one wins.
 * @throws ERR_PROMHERD_BAD_OPTION, with the name of the variable
 */
export function saidByEnvironment(keys?: ReadonlySet<string>): Said[] {
  const variables = isRedisEnabled() ? [...VARIABLES, ...REDIS_VARIABLES] : VARIABLES
  return variables.flatMap(({ name, key, check, isNumber, isBoolean }): Said[] => {
    const text = process.env[name]
    if (text === undefined || text === '' || keys?.has(key) === false) return []
    const value = isBoolean ? readBoolean(text) : typedValue(key, text, isNumber)
    check(name, value)
    return [{ key, value, source: 'environment', origin: name }]
  })
}

/**
 * The settings in options of a command line: `text` is the value as typed.
 * @throws ERR_PROMHERD_BAD_OPTION, with the name of the option
 */
export function saidByCommandLine(given: readonly { option: string; key: string; text: string }[]): Said[] {
  return given.map(({ option, key, text }) => {
    const value = typedValue(key, text)
    CHECKS[key]?.(option, value)
    return { key, value, source: 'command line', origin: option }
  })
}

/** Converts a string to the value of a key: a list, a number if it is written as one, otherwise the string. */
function typedValue(key: string, text: string, mayBeNumber = !TEXTS.has(key)): unknown {
  if (key === 'metrics.allowedHosts') return namesIn(text)
  return mayBeNumber && /^\d+$/.test(text) ? Number(text) : text
}

/** Keys whose values are always strings, even if they look like numbers. */
const TEXTS: ReadonlySet<string> = new Set([
  'redis.group',
  'redis.instance',
  'redis.password',
  'redis.keyPrefix',
  'redis.host',
])

const CHECKS: Readonly<Record<string, Check>> = {
  workers: CONFIG_SHAPE.workers,
  threads: CONFIG_SHAPE.threads,
  'metrics.port': WHERE_SHAPE.port,
  'metrics.host': WHERE_SHAPE.host,
  'metrics.allowedHosts': WHERE_SHAPE.allowedHosts,
  'metrics.directory': WHERE_SHAPE.directory,
  'http.routes': HTTP_SHAPE.routes,
  'redis.url': REDIS_SHAPE.url,
  'redis.group': REDIS_SHAPE.group,
  'redis.instance': REDIS_SHAPE.instance,
}

export function saidByDefault(): Said[] {
  return saidBy(DEFAULTS, 'default', 'default')
}

/** The environment variables and their keys. */
export const VARIABLES: readonly Variable[] = [
  { name: 'WEB_CONCURRENCY', key: 'workers', check: CONFIG_SHAPE.workers, isNumber: true },
  { name: 'GUNICORN_WORKERS', key: 'workers', check: CONFIG_SHAPE.workers, isNumber: true },
  { name: 'PROMETHEUS_METRICS_PORT', key: 'metrics.port', check: WHERE_SHAPE.port, isNumber: true },
  { name: 'PROMETHEUS_BIND_ADDRESS', key: 'metrics.host', check: WHERE_SHAPE.host },
  { name: 'PROMHERD_ALLOWED_HOSTS', key: 'metrics.allowedHosts', check: WHERE_SHAPE.allowedHosts },
  { name: 'PROMETHEUS_MULTIPROC_DIR', key: 'metrics.directory', check: WHERE_SHAPE.directory },
  {
    name: 'PROMHERD_SHARED_DIRECTORY',
    key: 'metrics.sharedDirectory',
    check: WHERE_SHAPE.sharedDirectory,
    isBoolean: true,
  },
  { name: 'PROMHERD_ROUTES', key: 'http.routes', check: HTTP_SHAPE.routes },
  { name: 'PROMHERD_STORAGE', key: 'storage', check: MONITOR_SHAPE.storage },
]

/**
 * The variables for Redis, with the names that the Gunicorn exporter uses. Applications use variables with these names
 * too, and Kubernetes sets `REDIS_PORT` to a URL: so they are read only if `REDIS_ENABLED` is true.
 */
const REDIS_VARIABLES: readonly Variable[] = [
  { name: 'REDIS_ENABLED', key: 'redis.enabled', check: REDIS_SHAPE.enabled, isBoolean: true },
  { name: 'REDIS_HOST', key: 'redis.host', check: REDIS_SHAPE.host },
  { name: 'REDIS_PORT', key: 'redis.port', check: REDIS_SHAPE.port, isNumber: true },
  { name: 'REDIS_DB', key: 'redis.db', check: REDIS_SHAPE.db, isNumber: true },
  { name: 'REDIS_PASSWORD', key: 'redis.password', check: REDIS_SHAPE.password },
  { name: 'REDIS_KEY_PREFIX', key: 'redis.keyPrefix', check: REDIS_SHAPE.keyPrefix },
  { name: 'REDIS_TTL_SECONDS', key: 'redis.ttl', check: REDIS_SHAPE.ttl, isNumber: true },
  { name: 'REDIS_FORWARD_INTERVAL', key: 'redis.interval', check: REDIS_SHAPE.interval, isNumber: true },
]

function isRedisEnabled(): boolean {
  return readBoolean(process.env['REDIS_ENABLED'] ?? '') === true
}

interface Variable {
  readonly name: string
  readonly key: string
  readonly check: Check
  readonly isNumber?: boolean
  readonly isBoolean?: boolean
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
