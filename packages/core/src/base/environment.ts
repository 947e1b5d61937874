import type { Check } from './check-options.ts'

/**
 * Every environment variable that configures promherd: the type of its value, and the key of the configuration that it
 * sets, if that exists. Those for OTLP are in the package of OTLP.
 */
export const VARIABLES = {
  WEB_CONCURRENCY: { type: 'integer', key: 'workers' },
  GUNICORN_WORKERS: { type: 'integer', key: 'workers' },
  PROMETHEUS_METRICS_PORT: { type: 'integer', key: 'metrics.port' },
  PROMETHEUS_BIND_ADDRESS: { type: 'string', key: 'metrics.host' },
  PROMHERD_ALLOWED_HOSTS: { type: 'list', key: 'metrics.allowedHosts' },
  PROMETHEUS_MULTIPROC_DIR: { type: 'string', key: 'metrics.directory' },
  PROMHERD_SHARED_DIRECTORY: { type: 'boolean', key: 'metrics.sharedDirectory' },
  PROMHERD_ROUTES: { type: 'string', key: 'http.routes' },
  PROMHERD_STORAGE: { type: 'string', key: 'storage' },
  PROMHERD_CONFIG: { type: 'string' },
  PROMHERD_WORKER: { type: 'integer' },
  /** The pid of the primary, for its workers. */
  PROMHERD_PRIMARY: { type: 'integer' },
  OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: { type: 'list' },
  // The names that the Gunicorn exporter uses.
  REDIS_ENABLED: { type: 'boolean', key: 'redis.enabled' },
  REDIS_HOST: { type: 'string', key: 'redis.host' },
  REDIS_PORT: { type: 'integer', key: 'redis.port' },
  REDIS_DB: { type: 'integer', key: 'redis.db' },
  REDIS_PASSWORD: { type: 'string', key: 'redis.password' },
  REDIS_KEY_PREFIX: { type: 'string', key: 'redis.keyPrefix' },
  REDIS_TTL_SECONDS: { type: 'integer', key: 'redis.ttl' },
  REDIS_FORWARD_INTERVAL: { type: 'integer', key: 'redis.interval' },
} as const

interface ValueTypes {
  readonly integer: number
  readonly boolean: boolean
  readonly list: readonly string[]
  readonly string: string
}

export type ValueType = keyof ValueTypes
export type VariableName = keyof typeof VARIABLES
type ValueOf<Name extends VariableName> = ValueTypes[(typeof VARIABLES)[Name]['type']]

/**
 * The value of a variable; undefined if it is missing or empty.
 * @throws ERR_PROMHERD_BAD_OPTION, with the name of the variable, if `check` rejects the value
 */
export function readVariable<Name extends VariableName>(
  name: Name,
  check: Check = () => {},
): ValueOf<Name> | undefined {
  const text = process.env[name]
  if (text === undefined || text === '') return undefined
  const value = typedValue(text, VARIABLES[name].type)
  check(name, value)
  return value as ValueOf<Name>
}

/** The value of a string in its type. A string that is no such value is returned unchanged, so that an error shows it. */
export function typedValue(text: string, type: ValueType): string | number | boolean | readonly string[] {
  if (type === 'integer') return /^\d+$/.test(text) ? Number(text) : text
  if (type === 'boolean') return BOOLEANS.get(text) ?? text
  return type === 'list' ? itemsOf(text) : text
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false],
])

/** The items of a list that is separated by commas. */
function itemsOf(text: string): readonly string[] {
  const items = text.split(',').map(item => item.trim())
  return items.filter(item => item !== '')
}
