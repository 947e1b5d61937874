import type { Cluster } from 'node:cluster'
import { directoryFromEnvironment } from '../base/directory-options.ts'
import { Warner } from '../base/warner.ts'
import type { ProcessConfig } from '../config/process-config.ts'
import { createDirectoryIn, PLACES } from '../herd/directory/created-directories.ts'
import { listStores } from '../herd/directory/directory.ts'
import { removeAbandonedDirectories } from '../herd/processes/abandoned.ts'
import { removeQuietly } from '../herd/start-herd.ts'
import { Serving } from './serving.ts'

/** What a primary without promherd passes to its workers. */
export interface Sharing {
  readonly environment: NodeJS.ProcessEnv
}

/**
 * Creates the directory that the workers of this process share, and serves it once one of them records.
 * @throws ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_DIRECTORY, and what the file system throws
 */
export function startSharing(cluster: Cluster, config: ProcessConfig | undefined): Sharing {
  const { monitor = {}, metrics = {} } = config ?? {}
  const directory = monitor.directory ?? directoryFromEnvironment() ?? ownDirectory()
  // Even if it serves nothing, this process is the leader of the directory.
  const serving = new Serving(directory, metrics === false ? {} : metrics, new Warner(monitor.onWarning), true)
  cluster.on('listening', () => {
    // A worker may listen for a protocol other than HTTP.
    if (metrics !== false && listStores(directory).length > 0) serving.serve()
  })
  return { environment: { PROMETHEUS_MULTIPROC_DIR: directory, PROMHERD_PRIMARY: String(process.pid) } }
}

function ownDirectory(): string {
  removeAbandonedDirectories()
  const directory = makeDirectory()
  process.on('exit', () => removeQuietly(directory))
  return directory
}

/** In the first location that has room. Throws the error of the last one. */
function makeDirectory(): string {
  for (const place of PLACES.slice(0, -1)) {
    try {
      return createDirectoryIn(place)
    } catch {
      // The next location may have room.
    }
  }
  return createDirectoryIn(PLACES.at(-1)!)
}
