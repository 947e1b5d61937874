import type { ClusterMetricsOptions } from '../cluster/options.ts'
import type { HttpOptions } from '../http/options/http-options.ts'
import type { MonitorOptions } from '../monitor/monitor-options.ts'
import { type ResolvedConfig, resolveConfig, resolveConfigSync } from './resolve.ts'

/** The configuration of one process that records: a worker, or a program without a primary. */
export interface ProcessConfig {
  /** For `createMonitor`. */
  readonly monitor: MonitorOptions
  /** For the recorders of requests. */
  readonly http: HttpOptions
  /** Where the metrics should be served; undefined if no source sets it. */
  readonly metrics: ClusterMetricsOptions | false | undefined
}

/**
 * The configuration of this process, from the environment and the file. Costs one listing of the working directory if
 * there is no file.
 * @throws ERR_PROMHERD_CONFIG_FILE, ERR_PROMHERD_CONFIG_FILES, and errors in the values of a source
 */
export async function loadProcessConfig(): Promise<ProcessConfig> {
  return processConfigOf(await resolveConfig({ keys: KEYS }))
}

/**
 * The synchronous variant, for a preload that cannot wait: a file in JavaScript or TypeScript is loaded by `require`.
 */
export function loadProcessConfigSync(): ProcessConfig {
  return processConfigOf(resolveConfigSync({ keys: KEYS }))
}

function processConfigOf({ config }: ResolvedConfig): ProcessConfig {
  const { metrics, storage, promClient, onWarning, http = {} } = config
  const { directory, sharedDirectory } = metrics || {}
  return { monitor: { directory, sharedDirectory, storage, promClient, onWarning }, http, metrics }
}

/** The keys for a recording process. The primary uses and checks the others, such as the number of workers. */
const KEYS: ReadonlySet<string> = new Set([
  'metrics.port',
  'metrics.host',
  'metrics.allowedHosts',
  'metrics.directory',
  'metrics.sharedDirectory',
  'http.routes',
  'storage',
])
