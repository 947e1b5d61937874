import { type ResolvedConfig, resolveConfig, type Setting, settingsOfCommandLine } from '@promherd/core/config'
import { Mistyped } from './failure.ts'

/** The settings that the command line accepts, as commander returns them: strings. */
export interface Typed {
  readonly workers?: string
  readonly threads?: string
  readonly port?: string
  readonly bind?: string
  readonly hosts?: string
  readonly directory?: string
  readonly routes?: string
  readonly config?: string
  readonly redis?: string
  readonly group?: string
  readonly instance?: string
}

/** The resolved configuration for a command. */
export async function settingsOf(typed: Typed): Promise<ResolvedConfig> {
  const given = OPTIONS.flatMap(([name, key]) => {
    const text = typed[name]
    return text === undefined ? [] : [{ option: `--${name}`, key, text }]
  })
  return resolveConfig({ file: typed.config, commandLine: checked(given) })
}

function checked(given: Parameters<typeof settingsOfCommandLine>[0]): Setting[] {
  try {
    return settingsOfCommandLine(given)
  } catch (error) {
    throw new Mistyped((error as Error).message)
  }
}

const OPTIONS = [
  ['workers', 'workers'],
  ['threads', 'threads'],
  ['port', 'metrics.port'],
  ['bind', 'metrics.host'],
  ['hosts', 'metrics.allowedHosts'],
  ['directory', 'metrics.directory'],
  ['routes', 'http.routes'],
  ['redis', 'redis.url'],
  ['group', 'redis.group'],
  ['instance', 'redis.instance'],
] as const

/** A setting by its key, including defaults. */
export function setting(settings: ResolvedConfig['settings'], key: string): unknown {
  return settings.find(each => each.key === key)?.value
}

/** The URL at which a client on this host reaches the metrics port. */
export function metricsUrl({ settings }: ResolvedConfig, path: string): string {
  const host = String(setting(settings, 'metrics.host') ?? '127.0.0.1')
  const near = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${near.includes(':') ? `[${near}]` : near}:${setting(settings, 'metrics.port') ?? 9091}${path}`
}
