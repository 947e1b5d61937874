import type { Cluster } from 'node:cluster'
import { rmSync } from 'node:fs'
import { removeAbandonedDirectories } from '../herd/abandoned.ts'
import { listStores, makeDirectory } from '../herd/directory.ts'
import { directoryFromEnvironment } from '../server/serve-herd.ts'
import { Warner } from '../server/warner.ts'
import { Serving } from './serving.ts'

/** What a primary that knows nothing of promherd gives to its workers. */
export interface Sharing {
  readonly environment: NodeJS.ProcessEnv
}

/**
 * Makes the directory that the workers of this process share, and serves it once one of them records.
 * @throws ERR_PROMHERD_BAD_OPTION, ERR_PROMHERD_DIRECTORY, and what the file system throws
 */
export function startSharing(cluster: Cluster): Sharing {
  const directory = directoryFromEnvironment() ?? ownDirectory()
  const serving = new Serving(directory, new Warner(undefined))
  cluster.on('listening', () => {
    // A worker may listen for something else than HTTP.
    if (listStores(directory).length > 0) serving.serve()
  })
  return { environment: { PROMETHEUS_MULTIPROC_DIR: directory, PROMHERD_PRIMARY: String(process.pid) } }
}

function ownDirectory(): string {
  removeAbandonedDirectories()
  const directory = makeDirectory()
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  return directory
}
