import type { ClusterMetricsOptions } from '../cluster/options.ts'
import type { HttpOptions } from '../http/http-options.ts'
import type { MonitorOptions } from '../monitor-options.ts'
import { type ResolvedConfig, resolveConfig, resolveConfigSync } from './resolve.ts'

/** What the configuration means to one process that records: a worker, or a program on its own. */
export interface ProcessConfig {
  /** For `createMonitor`. */
  readonly monitor: MonitorOptions
  /** For whatever records requests. */
  readonly http: HttpOptions
  /** Where the metrics are to be served; undefined where nobody says a word about it. */
  readonly metrics: ClusterMetricsOptions | false | undefined
}

/**
 * The configuration of this process, from the environment and the file. Costs one look into the working directory
 * where there is no file.
 * @throws ERR_PROMHERD_CONFIG_FILE, ERR_PROMHERD_CONFIG_FILES, and what is wrong with what a source says
 */
export async function loadProcessConfig(): Promise<ProcessConfig> {
  return processConfigOf(await resolveConfig({ keys: KEYS }))
}

/** The same for a preload that cannot wait: a file in JavaScript or TypeScript is required. */
export function loadProcessConfigSync(): ProcessConfig {
  return processConfigOf(resolveConfigSync({ keys: KEYS }))
}

function processConfigOf({ config }: ResolvedConfig): ProcessConfig {
  const { metrics, slab, promClient, onWarning, http = {} } = config
  const { directory, sharedDirectory } = metrics || {}
  return { monitor: { directory, sharedDirectory, slab, promClient, onWarning }, http, metrics }
}

/** How many workers there are, and the like, is for the primary to say and to refuse. */
const KEYS: ReadonlySet<string> = new Set([
  'metrics.port',
  'metrics.host',
  'metrics.allowedHosts',
  'metrics.directory',
  'metrics.sharedDirectory',
  'http.routes',
  'slab',
])
